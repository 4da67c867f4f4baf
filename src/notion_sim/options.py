"""Every size and every switch of the simulator, with the fact that each one stands for.

Owns the names, allowed values and defaults. Refuses to hold state: what happens in the workspace is
`notion_sim.world`. A behaviour that Notion documents, or that somebody observed, is the default; a
behaviour that was only inferred is a switch too, to try a client with the other guess.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

__all__ = ["Options", "Switch", "parse_switch", "switches", "with_switch"]

CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One named behaviour.

    `values` is empty when the value is a whole number that is not negative.
    """

    name: str
    default: str | int
    values: tuple[str, ...]
    fact: str
    mark: str
    text: str

    @property
    def allowed(self) -> str:
        """The values as a person types them: `a|b|c`, or `N`."""
        return "|".join(self.values) or "N"


def _choice(values: str, *, fact: str, text: str) -> Any:  # noqa: ANN401 - a str default
    """Return a field of text values `a|b|c`, the first being the default; `fact` is "N-035 [I]"."""
    allowed = tuple(values.split("|"))
    return field(default=allowed[0], metadata={CHOICE: (allowed, fact, text)})


def _number(default: int, *, fact: str, text: str) -> Any:  # noqa: ANN401 - an int default
    """Return a field that holds a whole number, not negative."""
    return field(default=default, metadata={CHOICE: ((), fact, text)})


@dataclass(frozen=True, kw_only=True)
class Options:
    """Sizes first, then switches; everything follows from `seed`."""

    users: int = 120
    """Members of the workspace: exactly what SCIM reports as totalResults."""
    groups: int = 12
    """Groups of the workspace."""
    members_per_group: int = 10
    """Members of each group, capped by `users`."""
    seed: int = 1
    """Ids, names, tokens, memberships and all later dice follow from it."""
    skewed: bool = False
    """One group holds everybody, 1 % of the groups up to 10,000, many are empty."""
    guests: int | None = None
    """Page guests, on top of `users`; None means a tenth of them."""
    bots: int = 2
    """Integrations, which only the REST API shows, on top of `users`."""
    latency_ms: float = 0.0
    """Each answer is held back this long before it is worked out."""
    requests_per_minute: int = 0
    """Above this a token gets 429 with an integer Retry-After; 0 means no limit."""
    plan: str = "enterprise"
    """`enterprise`, or a lower plan (`business`), where SCIM is refused and REST works."""
    drift: bool = False
    """The workspace changes by itself between requests."""
    company: str = "Larkspur Works"
    """Name of the workspace."""
    domain: str = "larkspur.example"
    """The verified e-mail domain; contractors and guests have others."""

    order: str = _choice(
        "stable|reshuffled|per_listing",
        fact="N-039 [O]",
        text="Order of lists: always the same; new at each request; new at each startIndex=1.",
    )
    max_count: int = _number(
        100, fact="N-031 [D]", text="Largest page, and the page size when none is asked."
    )
    over_max: str = _choice(
        "clamp|400", fact="N-035 [I]", text="A larger count is cut to max_count, or refused."
    )
    members_in_list: str = _choice(
        "full|absent|truncated",
        fact="N-103 [O]",
        text="Group lists hold all members, no members key, or the first truncate_at. "
        "A single group always holds all.",
    )
    truncate_at: int = _number(
        100, fact="N-103 [I]", text="Members shown by members_in_list=truncated."
    )
    member_fields: str = _choice(
        "value|full",
        fact="N-104 [O]",
        text="A group member holds value only, or $ref and type as well.",
    )
    empty_members: str = _choice(
        "shown|absent",
        fact="N-104 [I]",
        text="A group of nobody holds members: [], or no members key.",
    )
    discovery: str = _choice(
        "notion|rfc",
        fact="N-029 [O]",
        text="notion: /ResourceTypes is a bare array, /Schemas answers 404; rfc: RFC 7644 §4.",
    )
    open_discovery: str = _choice(
        "yes|no", fact="N-022 [O]", text="/ServiceProviderConfig answers without any credential."
    )
    meta: str = _choice(
        "notion|rfc",
        fact="N-067 [O]",
        text="meta.created and lastModified: text of epoch milliseconds of now, or ISO 8601; "
        "location on app.notion.com, or on this host.",
    )
    schemas: str = _choice(
        "core|full",
        fact="N-066 [O]",
        text="schemas lists only the core URN, or the extensions as well.",
    )
    profile: str = _choice(
        "shown|hidden",
        fact="N-057 [I]",
        text="Title, department and the like are returned on GET, or not.",
    )
    error_body: str = _choice(
        "rfc|rest|html",
        fact="N-125 [I]",
        text="Body of a SCIM error: RFC 7644, as the REST API, or HTML.",
    )
    content_type: str = _choice(
        "scim|json",
        fact="N-025 [I]",
        text="SCIM answers are application/scim+json or application/json.",
    )
    bad_token_status: str = _choice(
        "401|403", fact="N-020 [I]", text="A missing, wrong or revoked token."
    )
    plan_status: str = _choice(
        "403|401", fact="N-021 [I]", text="SCIM asked on a plan below Enterprise."
    )
    user_name: str = _choice(
        "email|any", fact="N-050 [D]", text="userName must be an e-mail address, or not."
    )
    email_filter: str = _choice(
        "primary|any",
        fact="N-049 [I]",
        text="`email eq` finds the primary address only, or secondary ones too.",
    )
    deactivated: str = _choice(
        "removed|kept",
        fact="N-087 [D]",
        text="active: false removes a member, or keeps the record in all lists with active: false.",
    )
    delete_user_status: str = _choice("204|200", fact="N-086 [I]", text="Answer to a removal.")
    patch_group_status: str = _choice("200|204", fact="N-119 [I]", text="Answer to a group PATCH.")
    patch_remove: str = _choice(
        "members|drops_all",
        fact="N-120 [I]",
        text="`remove` with path members and a list takes out only these (N-117), "
        "or everybody, as an old library does.",
    )
    duplicate_group: str = _choice(
        "409|allow", fact="N-110 [I]", text="A second group of the same name is refused, or made."
    )
    duplicate_names: int = _number(
        0,
        fact="N-110 [I]",
        text="So many groups start with the name of the group before them (old duplicates).",
    )
    unknown_member: str = _choice(
        "404|400|ignore", fact="N-106 [I]", text="Adding an id that is no member to a group."
    )
    collision_status: str = _choice(
        "500|409", fact="N-093 [O]", text="An update to an e-mail address that another account has."
    )
    unverified_edit_status: str = _choice(
        "403|400|allow",
        fact="N-091 [D], status [I]",
        text="A profile edit of somebody whose e-mail domain is not verified.",
    )
    token_creator_removal: str = _choice(
        "403|400|allow",
        fact="N-016 [D], status [I]",
        text="Removing the person who made the calling token.",
    )
    last_owner: str = _choice(
        "403|400|allow", fact="N-094 [I]", text="Removing or demoting the last workspace owner."
    )
    rejoin_restores_groups: str = _choice(
        "no|yes",
        fact="N-095 [D]",
        text="Somebody who comes back is put into the former groups at once.",
    )
    put_omitted: str = _choice(
        "keep|clear",
        fact="N-084 [I]",
        text="A user PUT keeps or clears the attributes that it leaves out.",
    )
    group_put_without_members: str = _choice(
        "keep|clear",
        fact="N-112 [I]",
        text="A group PUT without members keeps them, or empties the group.",
    )
    delete_group_status: str = _choice(
        "403|409|allow",
        fact="N-113 [D], status [I]",
        text="Deleting a group that is the last full-access holder of a page.",
    )
    last_access_percent: int = _number(
        10,
        fact="N-113 [D]",
        text="Share of the groups that are the last full-access holder of a page.",
    )
    unknown_roles: int = _number(
        0, fact="N-102 [O]", text="So many members have a role that nobody has heard of."
    )
    gaps_percent: int = _number(
        12, fact="N-052 [O]", text="Share of members whose record lacks name parts, photos or role."
    )
    user_information: str = _choice(
        "full|without_email|none", fact="N-144 [D]", text="Capability of the REST API key."
    )
    rest_short_pages: str = _choice(
        "no|yes",
        fact="N-140 [D]",
        text="REST pages hold fewer items than page_size although more follow.",
    )
    rate_window_seconds: int = _number(
        60, fact="N-155 [D]", text="Window in which requests_per_minute is counted (in proportion)."
    )
    drift_percent: int = _number(
        20, fact="N-134 [I]", text="With --drift: chance of a change before each request."
    )


def switches() -> Iterator[Switch]:
    """Yield every switch, in the order in which `Options` names them."""
    for each in fields(Options):
        if CHOICE not in each.metadata:
            continue
        values, fact, text = each.metadata[CHOICE]
        default = each.default
        assert isinstance(default, str | int)  # noqa: S101 - _choice and _number make nothing else
        number, _, mark = fact.partition(" ")
        yield Switch(
            name=each.name,
            default=default,
            values=values,
            fact=number,
            mark=mark.replace("[", "").replace("]", ""),
            text=text,
        )


def parse_switch(name: str, value: object) -> str | int:
    """Return the value in the switch's own type.

    Raises:
        ValueError: no such switch, or a value that it does not take; the text is for a person.
    """
    known = {each.name: each for each in switches()}
    if name not in known:
        raise ValueError(f"There is no switch {name!r}; see notion-sim --list-switches.")
    text = str(value).strip().lower()
    if known[name].values:
        if text in known[name].values:
            return text
    elif text.isdecimal():
        return int(text)
    raise ValueError(f"{name} takes {known[name].allowed}, not {value!r}.")


def with_switch(options: Options, name: str, value: object) -> Options:
    """Return `options` with one switch thrown; raises ValueError as `parse_switch` does."""
    changed: Mapping[str, Any] = {name: parse_switch(name, value)}
    return replace(options, **changed)
