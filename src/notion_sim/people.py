"""A believable company, made from a seed; fast enough for 100,000 people.

Owns names, departments, titles and group names. Refuses to know HTTP, JSON or rules.
All names are invented; all domains end in `.example` (RFC 2606).
"""

import unicodedata
from collections.abc import Iterator
from random import Random

from notion_sim.options import Options
from notion_sim.state import Account, Bot, Group

__all__ = [
    "CONTRACTOR_DOMAIN",
    "accounts",
    "bots",
    "fresh_account",
    "groups",
    "guests",
    "new_id",
    "role_of",
]

CONTRACTOR_DOMAIN = "bluedock.example"
GUEST_DOMAINS = ("harbourbank.example", "oakandpine.example", "mistral-audit.example")
_GIVEN_NAMES = """
    Ana Bilal Chloé Dmitri Eunji Farah Gustavo Hana Ines Jakub Kofi Leila Mateo Nadia Oskar Priya
    Quentin Rosa Søren Tomás Ulla Viktor Wanjiru Xiomara Yusuf Zofia Amara Benoît Carmen Declan
    Elif Fatou Giulia Hiro Ivy Joost Katya Lars Mei Niamh Omar Petra Rahul Saoirse Tariq Uma Vera
    Wei Yara Zoltán
"""
_FAMILY_NAMES = """
    López Nguyen Okafor Lindqvist O'Brien Kowalski Haddad Fernández Schröder Tanaka Mbeki Rossi
    Dubois Novák Petrov Al-Amin Jensen Castro Park Iyer Moreau Svensson Adeyemi Bianchi Marković
    Costa Łukasik Weber Laurent Kim Popescu Ødegaard Murphy Silva Fischer Chen Diallo Horváth
    Anderson Ito van-Dijk Torres Nowak Bauer Rahman Quinn Santos Hughes Zhang Keller
"""
_PROJECT_NAMES = "Aurora Basalt Cedar Delta Ember Fjord Garnet Heron Indigo Juniper Krill Lumen"
GIVEN, FAMILY = tuple(_GIVEN_NAMES.split()), tuple(_FAMILY_NAMES.split())
PROJECTS = tuple(_PROJECT_NAMES.split())
CONTRACTORS, ALTERNATIVE, PHOTOS = 0.08, 0.06, 0.7
"""Shares of members with a foreign domain, a second address and a photo."""
FIRST_CONTRACTOR = 6  # owners come first, and have the company's own domain
TITLES = {
    "Engineering": (
        "Software Engineer",
        "Senior Engineer",
        "Site Reliability Engineer",
        "Tech Lead",
    ),
    "Design": ("Product Designer", "Design Lead", "Researcher"),
    "Sales": ("Account Executive", "Sales Manager", "Solutions Engineer"),
    "Marketing": ("Content Strategist", "Brand Manager", "Growth Analyst"),
    "People": ("People Partner", "Recruiter"),
    "Finance": ("Controller", "Financial Analyst"),
    "Support": ("Support Specialist", "Support Lead"),
    "Data": ("Data Analyst", "Data Engineer"),
    "Legal": ("Counsel", "Contracts Manager"),
    "Operations": ("Office Manager", "Programme Manager"),
}
DEPARTMENTS = tuple(TITLES)
WEIGHTS = (30, 10, 16, 10, 6, 6, 10, 6, 2, 4)
GROUP_NAMES = (
    "Everyone", *DEPARTMENTS, "Contractors", "Leads", "Security Champions", "Incident Response",
    "Board Papers", "New Joiners", "Remote",
)  # fmt: skip
ROLE_NEVER_SEEN = "consultant_member"
_EPOCH_MS = 1_704_067_200_000  # 2024-01-01: nothing in this company is older
_YEAR_MS = 365 * 86_400_000


def new_id(dice: Random) -> str:
    """Return a random UUID in its dashed text form."""
    raw = f"{dice.getrandbits(128):032x}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def _ascii(name: str) -> str:
    """Return the letters of a name that fit into an e-mail address."""
    special = name.translate(str.maketrans("øØłŁ", "oOlL"))
    plain = unicodedata.normalize("NFKD", special).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


_GIVEN_ASCII = tuple(map(_ascii, GIVEN))
_FAMILY_ASCII = tuple(map(_ascii, FAMILY))


def accounts(options: Options, dice: Random) -> Iterator[Account]:
    """Yield the members' accounts; with a hundred or more about 8 % are contractors."""
    span, seen = len(GIVEN) * len(FAMILY), options.gaps_percent / 100
    start, step = (
        dice.randrange(span),
        1_009,
    )  # coprime to the span: names repeat as late as possible
    for index in range(options.users):
        pair = divmod((start + index * step) % span, len(FAMILY))
        outside = index >= FIRST_CONTRACTOR and dice.random() < CONTRACTORS
        domain = CONTRACTOR_DOMAIN if outside else options.domain
        suffix = str(index) if index >= span else ""
        account = _account(dice, pair, suffix=suffix, domain=domain)
        if index and dice.random() < seen:
            _leave_gaps(account, dice)
        yield account


def _account(dice: Random, pair: tuple[int, int], *, suffix: str, domain: str) -> Account:
    given, family = GIVEN[pair[0]], FAMILY[pair[1]]
    department = dice.choices(DEPARTMENTS, WEIGHTS)[0]
    local = f"{_GIVEN_ASCII[pair[0]]}.{_FAMILY_ASCII[pair[1]]}{suffix}"
    created = _EPOCH_MS + int(dice.random() * 2 * _YEAR_MS)
    uid = new_id(dice)
    return Account(
        id=uid,
        email=f"{local}@{domain}",
        display=f"{given} {family}",
        formatted=f"{given} {family}",
        given=given,
        family=family,
        secondary=(f"{local}@alumni.example",) if dice.random() < ALTERNATIVE else (),
        photo=f"https://photos.example/{uid[:8]}.png" if dice.random() < PHOTOS else "",
        title=dice.choice(TITLES[department]),
        department=department,
        created_ms=created,
        modified_ms=created,
    )


def _leave_gaps(account: Account, dice: Random) -> None:
    """Take away what some real records lack (Notion: N-052, N-056, N-062)."""
    gap = dice.choice(("formatted", "parts", "name", "role", "photos", "title"))
    if gap in {"formatted", "name"}:
        account.formatted = None
    if gap in {"parts", "name"}:
        account.given = account.family = None
    if gap == "photos":
        account.photo, account.hides_photos = "", True
    account.hides_role = gap == "role"
    account.title = "" if gap == "title" else account.title


def role_of(index: int, options: Options) -> str:
    """Return the role of the member at `index`: about 4 % owners, then a few of each other kind."""
    owners = min(5, max(1, options.users // 20))
    others = min(3, options.users // 40)
    if index < owners:
        return "owner"
    if index < owners + others:
        return "membership_admin"
    if index < owners + 3 * others:
        return "restricted_member"
    if options.users - index <= options.unknown_roles:
        return ROLE_NEVER_SEEN
    return "member"


def guests(options: Options, dice: Random) -> Iterator[Account]:
    """Yield the accounts of page guests, whom SCIM never shows."""
    amount = options.users // 10 if options.guests is None else options.guests
    for index in range(amount):
        pair = (dice.randrange(len(GIVEN)), dice.randrange(len(FAMILY)))
        domain = GUEST_DOMAINS[index % len(GUEST_DOMAINS)]
        yield _account(dice, pair, suffix=f"-g{index}", domain=domain)


def fresh_account(options: Options, dice: Random, *, number: int) -> Account:
    """Return somebody who was never seen before; `number` makes the address unique."""
    pair = (dice.randrange(len(GIVEN)), dice.randrange(len(FAMILY)))
    return _account(dice, pair, suffix=f"-n{number}", domain=options.domain)


def bots(options: Options, dice: Random) -> Iterator[Bot]:
    """Yield the integrations."""
    names = ("Weekly Digest", "Ticket Mirror", "Calendar Bridge", "Release Notes")
    for index in range(options.bots):
        yield Bot(id=new_id(dice), name=names[index % len(names)])


def groups(options: Options, dice: Random, people: list[Account]) -> Iterator[Group]:
    """Yield the groups with their members, `people` being the members in listing order."""
    ids = [person.id for person in people]
    name = ""
    for index in range(options.groups):
        repeated = options.groups - index <= options.duplicate_names and name
        name = name if repeated else _group_name(index)
        chosen = _chosen(index, options, dice, ids)
        created = _EPOCH_MS + int(dice.random() * _YEAR_MS)
        yield Group(
            id=new_id(dice),
            name=name,
            members=dict.fromkeys(_prefer(name, chosen, people, options)),
            last_access=dice.random() * 100 < options.last_access_percent,
            created_ms=created,
            modified_ms=created,
        )


def _prefer(name: str, chosen: list[str], people: list[Account], options: Options) -> list[str]:
    """Fill a department's own group with people of that department first; the size stays."""
    if options.skewed or (name not in TITLES and name != "Contractors"):
        return chosen
    if name in TITLES:
        own = [p.id for p in people if p.department == name]
    else:
        own = [p.id for p in people if p.email.endswith(f"@{CONTRACTOR_DOMAIN}")]
    return list(dict.fromkeys([*own, *chosen]))[: len(chosen)]


def _group_name(index: int) -> str:
    if index < len(GROUP_NAMES):
        return GROUP_NAMES[index]
    lap, place = divmod(index - len(GROUP_NAMES), len(PROJECTS))
    return f"Project {PROJECTS[place]}" + (f" {lap + 1}" if lap else "")


def _chosen(index: int, options: Options, dice: Random, ids: list[str]) -> list[str]:
    """Return the members of the group at `index`; even, or skewed as `Options.skewed` says."""
    if not options.skewed:
        return dice.sample(ids, min(options.members_per_group, len(ids)))
    if index == 0:
        return list(ids)
    if index <= max(1, options.groups // 100):
        return dice.sample(ids, min(10_000, len(ids)))
    if index % 2:
        return []
    return dice.sample(ids, min(1 + options.members_per_group // 20, len(ids)))
