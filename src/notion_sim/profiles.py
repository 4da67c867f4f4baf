"""What a SCIM body says about a person, and what of it Notion keeps (Notion: N-050 to N-060).

Pure: reads bodies and accounts, returns values; changes no workspace.
"""

from dataclasses import dataclass
from typing import Any

from notion_sim.options import Options
from notion_sim.records import ENTERPRISE, NOTION_USER
from notion_sim.refusal import Refusal
from notion_sim.state import Account

__all__ = ["Profile", "profile_of", "read_profile", "role_in", "user_name"]

MOST_SECONDARY = 5
STORED = ("phoneNumbers", "addresses", "roles", "locale", "preferredLanguage", "userType")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything about a person that needs a verified domain to be changed."""

    email: str
    secondary: tuple[str, ...]
    display: str
    formatted: str | None
    given: str | None
    family: str | None
    title: str
    department: str
    extra: dict[str, Any]


def profile_of(account: Account) -> Profile:
    """Return the profile that an account has now."""
    return Profile(
        email=account.email,
        secondary=account.secondary,
        display=account.display,
        formatted=account.formatted,
        given=account.given,
        family=account.family,
        title=account.title,
        department=account.department,
        extra=account.extra or {},
    )


def user_name(body: dict[str, Any], options: Options) -> str:
    """Return the lower-case userName.

    Raises:
        Refusal: 400 when it is missing or, by the switch `user_name`, no e-mail address.
    """
    value = body.get("userName")
    if not isinstance(value, str) or not value.strip():
        raise Refusal(400, "userName is required.", scim_type="invalidValue")
    local, at, domain = value.strip().partition("@")
    if options.user_name == "email" and not (
        local and at and "." in domain and " " not in value.strip()
    ):
        raise Refusal(400, "userName must be an e-mail address.", scim_type="invalidValue")
    return value.strip().lower()


def role_in(body: dict[str, Any]) -> str | None:
    """Return the workspace role that a body names, if it names one (Notion: N-061)."""
    extension = body.get(NOTION_USER)
    if not isinstance(extension, dict) or "role" not in extension:
        return None
    role = extension["role"]
    if not isinstance(role, str):
        raise Refusal(400, "role must be a text.", scim_type="invalidValue")
    return role


def read_profile(body: dict[str, Any], now: Profile, options: Options) -> Profile:
    """Return the profile that `body` asks for, `now` being the present one.

    Raises:
        Refusal: 400 for an unusable userName, name or list of addresses.
    """
    email, secondary = _addresses(body, now, options)
    formatted, given, family = _name(body.get("name"), now)
    enterprise = body.get(ENTERPRISE)
    enterprise = dict(enterprise) if isinstance(enterprise, dict) else {}
    department = str(enterprise.pop("department", "") or "")
    extra = {key: body[key] for key in STORED if body.get(key)}
    if "phoneNumbers" in extra:
        extra["phoneNumbers"] = _one_phone(extra["phoneNumbers"])
    if enterprise:
        extra[ENTERPRISE] = enterprise
    named = formatted or " ".join(filter(None, (given, family)))
    return Profile(
        email=email,
        secondary=secondary,
        display=named or now.display or email.partition("@")[0],
        formatted=formatted,
        given=given,
        family=family,
        title=str(body.get("title") or ""),
        department=department,
        extra=extra,
    )


def _addresses(body: dict[str, Any], now: Profile, options: Options) -> tuple[str, tuple[str, ...]]:
    """Return the primary address and the others, of which there may be five (Notion: N-136).

    A new primary entry beats the old one, which stays as another address (RFC 7644 §3.5.2). A new
    userName without a new primary entry replaces the old address.
    """
    email = user_name(body, options)
    entries = _entries(body.get("emails"))
    primary = [str(e["value"]).lower() for e in entries if e.get("primary") is True]
    fresh = [address for address in primary if address != now.email]
    if email == now.email and fresh:
        email = user_name({"userName": fresh[-1]}, options)
    rest = [str(entry["value"]).lower() for entry in entries]
    if email != now.email and not fresh:
        rest = [address for address in rest if address != now.email]
    secondary = tuple(dict.fromkeys(address for address in rest if address != email))
    if len(secondary) > MOST_SECONDARY:
        raise Refusal(
            400, f"At most {MOST_SECONDARY} secondary addresses.", scim_type="invalidValue"
        )
    return email, secondary


def _entries(value: object) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict) and item.get("value")]


def _one_phone(value: object) -> list[dict[str, Any]]:
    """Keep one number: the primary one, else the first with a value (Notion: N-058)."""
    entries = _entries(value)
    entries.sort(key=lambda entry: entry.get("primary") is not True)
    return entries[:1]


def _name(value: object, now: Profile) -> tuple[str | None, str | None, str | None]:
    """Return formatted, given and family name; they follow each other (Notion: N-051)."""
    name = value if isinstance(value, dict) else {}
    formatted, given, family = (
        name.get(key) or None for key in ("formatted", "givenName", "familyName")
    )
    if not all(part is None or isinstance(part, str) for part in (formatted, given, family)):
        raise Refusal(400, "The parts of name must be texts.", scim_type="invalidValue")
    parts_changed = (given, family) != (now.given, now.family)
    if formatted != now.formatted and formatted and not parts_changed:
        first, _, last = formatted.partition(" ")
        return formatted, first, last or None
    if parts_changed and (given or family) and (formatted is None or formatted == now.formatted):
        return " ".join(filter(None, (given, family))), given, family
    return formatted, given, family
