"""What somebody asks for, in their words, before anybody has looked who and what is meant.

One wish is one command, or one row of a batch file. Owns the verbs, which words each needs, and
the attributes of an account under the names that people type. Pure; asks Notion nothing.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rolecall.errors import Invalid
from rolecall.notion.changes import ENTERPRISE_USER

__all__ = ["ATTRIBUTES", "COLUMNS", "VERBS", "Wish", "account_attributes", "read_wishes"]

_ENTERPRISE: Final = {
    "department": "department",
    "division": "division",
    "cost_center": "costCenter",
    "organization": "organization",
    "employee_number": "employeeNumber",
}
_NAME: Final = {"name": "formatted", "given_name": "givenName", "family_name": "familyName"}
_PLAIN: Final = {
    "email": "userName",
    "title": "title",
    "locale": "locale",
    "language": "preferredLanguage",
    "user_type": "userType",
}
_LISTS: Final = {"phone": "phoneNumbers", "job_role": "roles"}

ATTRIBUTES: Final = (*_NAME, *_PLAIN, *_LISTS, "address", "manager", *_ENTERPRISE)
"""What can be changed of an account, by the names of our flags (Notion: N-051, N-057, N-059)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """Which words a verb needs, and which it understands beside them."""

    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()
    attributes: bool = False


VERBS: Final = {
    "grant": _Needs(needs=("entitlement", "who")),
    "revoke": _Needs(needs=("entitlement", "who")),
    "account create": _Needs(needs=("who",), takes=("role",), attributes=True),
    "account update": _Needs(needs=("who",), attributes=True),
    "account remove": _Needs(needs=("who",)),
    "group add": _Needs(needs=("group", "who")),
    "group remove": _Needs(needs=("group", "who")),
    "group create": _Needs(needs=("name",)),
    "group rename": _Needs(needs=("group", "name")),
    "group delete": _Needs(needs=("group",)),
}

COLUMNS: Final = ("operation", "who", "entitlement", "group", "role", *ATTRIBUTES)
"""Of a batch file; `name` is that of a group for the verbs about groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing that somebody asks for."""

    verb: str
    row: int = 1
    """Where it stands: the line of the file, or the number on the command line."""

    words: Mapping[str, str] = field(default_factory=dict)
    """By column; without the empty ones."""

    problem: str = ""
    """What is wrong with the row as such."""

    @property
    def who(self) -> str:
        """The person, as they were named."""
        return self.words.get("who", "")

    def check(self) -> None:
        """Whether the verb has the words that it needs, and no others.

        Raises:
            Invalid: it has not.
        """
        if self.problem:
            raise Invalid(self.problem)
        if self.verb not in VERBS:
            raise Invalid(
                f"There is no operation {self.verb!r}.", hint=f"There are {', '.join(VERBS)}."
            )
        rule = VERBS[self.verb]
        if missing := [word for word in rule.needs if not self.words.get(word, "").strip()]:
            raise Invalid(f"`{self.verb}` needs {' and '.join(missing)}.")
        known = {*rule.needs, *rule.takes, *(ATTRIBUTES if rule.attributes else ())}
        if foreign := sorted(set(self.words) - known):
            raise Invalid(f"`{self.verb}` knows no {' and no '.join(foreign)}.")
        if self.verb == "account update" and not set(self.words) & set(ATTRIBUTES):
            raise Invalid("Nothing is to be changed.", hint=f"Give one of {', '.join(ATTRIBUTES)}.")
        if self.verb == "account create" and "email" in self.words:
            raise Invalid("`account create` knows no email.", hint="The address stands in `who`.")


def account_attributes(words: Mapping[str, str]) -> dict[str, Any]:
    """The attributes among the words of a wish, by their SCIM names (RFC 7643 §4.1, §4.3)."""
    found: dict[str, Any] = {_PLAIN[key]: words[key] for key in _PLAIN if key in words}
    if name := {_NAME[key]: words[key] for key in _NAME if key in words}:
        found["name"] = name
    for key, attribute in _LISTS.items():
        if key in words:  # of several Notion keeps one
            found[attribute] = [{"value": words[key], "primary": True}]
    if "address" in words:
        found["addresses"] = [{"formatted": words["address"], "primary": True}]
    extension: dict[str, Any] = {_ENTERPRISE[k]: words[k] for k in _ENTERPRISE if k in words}
    if "manager" in words:
        extension["manager"] = {"value": words["manager"]}
    return {**found, **({ENTERPRISE_USER: extension} if extension else {})}


def read_wishes(lines: Iterable[str]) -> list[Wish]:
    """The wishes of a batch file: CSV with a header line (RFC 4180).

    Args:
        lines: of the file, with their ends.

    Returns:
        One per row that is not empty. A row that is unusable carries its `problem`.

    Raises:
        Invalid: the header is missing or names a column that there is not.
    """
    reader = csv.reader(lines)
    found, header = list[Wish](), list[str]()
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells)
            else:
                found.append(_wish(header, cells, reader.line_num))
    except csv.Error as error:
        raise Invalid(f"Line {reader.line_num} is no CSV ({error}).") from error
    if not header:
        raise Invalid("The file is empty.", hint="Its first line names the columns.")
    return found


def _header(cells: list[str]) -> list[str]:
    names = [_plain(cell.removeprefix("\ufeff")).replace(" ", "_") for cell in cells]
    unknown = [cell for cell, name in zip(cells, names, strict=True) if name not in COLUMNS]
    if unknown or "operation" not in names:
        raise Invalid(
            f"There is no column {unknown[0]!r}." if unknown else "There is no column `operation`.",
            hint=f"The first line names the columns; there are {', '.join(COLUMNS)}.",
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Invalid(f"The column {twice[0]!r} is there twice.")
    return names


def _wish(header: list[str], cells: list[str], row: int) -> Wish:
    if len(cells) > len(header):
        return Wish(verb="", row=row, problem="The row has more cells than the first line.")
    words = {k: c.strip() for k, c in zip(header, cells, strict=False) if c.strip()}
    return Wish(verb=_plain(words.pop("operation", "")), row=row, words=words)


def _plain(text: str) -> str:
    """In small letters, with single spaces for whatever separates."""
    return " ".join(text.replace("-", " ").replace("_", " ").split()).casefold()
