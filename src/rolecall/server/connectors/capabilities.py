"""What a connector gives and what not, and why: from what its credentials could read."""

from collections.abc import Iterable
from typing import Any, Final

from rolecall.connector.checklist import Line

__all__ = ["NAMES", "capabilities", "lines_as_json"]

NAMES: Final = {
    "accounts": "Accounts",
    "roles": "Workspace roles",
    "groups": "Groups and their members",
    "bots": "Integrations (bots)",
    "guests": "Guests",
    "activity": "Last activity",
    "provisioning": "Changes in Notion",
}
"""In the order of the badges."""

_NOWHERE: Final = {
    "guests": "No interface of Notion lists guests (Notion: N-146).",
    "activity": "No interface of Notion tells when somebody was last active.",
}
_NEEDS_SCIM: Final = "Needs a SCIM API token, which Notion gives on the Enterprise plan."
_NEEDS_KEY: Final = "Needs an API key."


def capabilities(lines: Iterable[Line]) -> dict[str, dict[str, Any]]:
    """Capability → given, why not.

    Args:
        lines: of the checklist.
    """
    by_what = {line.what: line for line in lines}
    members = by_what.get("SCIM: accounts and roles")
    groups, rest = by_what.get("SCIM: groups"), by_what.get("API key: accounts")
    found = {
        "accounts": _given(members if members and (members.ok or not rest) else rest, _NEEDS_SCIM),
        "roles": _given(members, _NEEDS_SCIM),
        "groups": _given(groups, _NEEDS_SCIM),
        "bots": _given(rest, _NEEDS_KEY),
        "provisioning": _given(members, _NEEDS_SCIM),
    }
    return found | {name: {"given": False, "why": why} for name, why in _NOWHERE.items()}


def lines_as_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The checklist as it is kept and shown."""
    return [
        {"what": one.what, "ok": one.ok, "found": one.found, "missing": one.missing}
        for one in lines
    ]


def _given(line: Line | None, needs: str) -> dict[str, Any]:
    if line is None:
        return {"given": False, "why": needs}
    return {"given": line.ok, "why": "" if line.ok else line.missing}
