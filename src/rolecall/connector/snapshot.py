"""One sync in Notion's terms: accounts, groups, roles and access as rows, and who is meant.

Turns what `baton.c1z.views` streams into rows of cells with named columns, and says aloud when the
sync is not a full one. Prints nothing and decides nothing about format. Reads profile and status
where new writers put them (on the resource) and where old ones do (in the trait).
"""

import difflib
import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from google.protobuf.struct_pb2 import Struct

from rolecall.baton.c1z.reader import decode
from rolecall.baton.c1z.syncs import DIFF_TYPES, FULL, SyncRun
from rolecall.baton.c1z.views import Holding, Kinds, View
from rolecall.baton.proto._generated.c1.connector.v2.annotation_trait_pb2 import UserTrait
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource
from rolecall.connector.tables import Cell
from rolecall.errors import Gone, Invalid

__all__ = [
    "COLUMNS",
    "Account",
    "What",
    "account_of",
    "find_account",
    "label",
    "rows",
    "rows_of_access",
    "stamp",
]

What = Literal["accounts", "groups", "roles", "access"]

COLUMNS: Final[dict[What, tuple[str, ...]]] = {
    "accounts": ("id", "name", "email", "emails", "role", "status", "title", "groups"),
    "groups": ("id", "name", "members"),
    "roles": ("role", "name", "members"),
    "access": (
        "account_id",
        "account",
        "email",
        "kind",
        "name",
        "permission",
        "id",
        "entitlement",
    ),
}
"""The columns of each table, in order; docs/reference/json.md explains them."""

_USER_TRAIT: Final = UserTrait.DESCRIPTOR.full_name
_FEW: Final = 3  # so many of its own words are enough for one line
_NEAR: Final = 5  # so many suggestions are enough
_ALIKE: Final = 0.6  # difflib's own threshold for "close"
_PART: Final = 0.9  # a part of the name is nearly as good as the name


@dataclass(frozen=True, kw_only=True)
class Account:
    """One person (or bot) as the file tells it."""

    id: str
    type: str
    name: str
    email: str
    """The primary address, else the login; may be empty."""

    emails: tuple[str, ...]
    """All addresses, primary first."""

    workspace_role: str
    """What the profile says; kept even when it is a role that we do not know."""

    status: str
    """`enabled`, `disabled`, `deleted` or `unknown`."""

    title: str

    def __str__(self) -> str:
        address = f" <{self.email}>" if self.email else ""
        return f"{self.name or self.id}{address} ({self.id})"


def account_of(resource: Resource) -> Account:
    """Read a resource with a user trait.

    Raises:
        BadFile: its trait cannot be decoded.
    """
    trait = UserTrait()
    for annotation in resource.annotations:
        if annotation.type_url.endswith(_USER_TRAIT):
            trait = decode(UserTrait, annotation.value, resource.id.resource)
    profile = resource.profile if resource.HasField("profile") else trait.profile
    addresses = [
        mail.address for mail in sorted(trait.emails, key=lambda mail: not mail.is_primary)
    ]
    email = addresses[0] if addresses else _text(profile, "email") or trait.login
    return Account(
        id=resource.id.resource,
        type=resource.id.resource_type,
        name=resource.display_name,
        email=email,
        emails=tuple(dict.fromkeys(address for address in [email, *addresses] if address)),
        workspace_role=_text(profile, "workspace_role"),
        status=_status(resource, trait),
        title=_text(profile, "title"),
    )


def _text(profile: Struct, key: str) -> str:
    """A text of the profile; empty when it is missing or no text."""
    return profile.fields[key].string_value if key in profile.fields else ""


def _status(resource: Resource, trait: UserTrait) -> str:
    """The numbers mean the same in both places: 1 enabled, 2 disabled, 3 deleted."""
    number = resource.status.status if resource.HasField("status") else trait.status.status
    return {1: "enabled", 2: "disabled", 3: "deleted"}.get(int(number), "unknown")


def rows(view: View, what: What) -> Iterator[tuple[Cell, ...]]:
    """The rows of one table, with the cells that `COLUMNS[what]` names.

    Raises:
        BadFile: the file is damaged.
    """
    match what:
        case "accounts":
            yield from _accounts(view)
        case "groups":
            for group, members in view.groups():
                yield group.id.resource, group.display_name, members
        case "roles":
            for role, members in view.roles():
                yield role.id.resource, role.display_name, members
        case "access":
            yield from _access(view)


def _accounts(view: View) -> Iterator[tuple[Cell, ...]]:
    for resource, groups, roles in view.accounts():
        who = account_of(resource)
        role = ", ".join(roles) or who.workspace_role
        yield who.id, who.name, who.email, list(who.emails), role, who.status, who.title, groups


def _access(view: View) -> Iterator[tuple[Cell, ...]]:
    """Everybody's access, then that of accounts which hold something and were never listed."""
    for resource in view.people():
        yield from rows_of_access(view, account_of(resource))
    for _, missing, holding in view.held_by_nobody_listed():
        yield missing, "", "", *_held(view.kinds, holding)


def rows_of_access(view: View, who: Account) -> Iterator[tuple[Cell, ...]]:
    """What one account holds, with the cells of `COLUMNS["access"]`."""
    for holding in view.held_by(who.type, who.id):
        yield who.id, who.name, who.email, *_held(view.kinds, holding)


def _held(kinds: Kinds, holding: Holding) -> tuple[Cell, ...]:
    kind = kinds.of(holding.resource_type)
    return (
        kind,
        holding.resource_name,
        holding.permission,
        holding.resource_id,
        holding.entitlement_id,
    )


def find_account(view: View, word: str) -> Account:
    """Who is meant: by id, else by any e-mail address, else by name; case does not matter.

    Raises:
        Gone: nobody; the hint names those who are spelled alike.
        Invalid: several; all are listed.
    """
    for kind in view.kinds.accounts:
        resource = view.resource(kind, word)
        if resource is not None:
            return account_of(resource)
    wanted = word.strip().casefold()
    by_email: list[Account] = []
    by_name: list[Account] = []
    for resource in view.people():
        who = account_of(resource)
        if wanted in {address.casefold() for address in who.emails}:
            by_email.append(who)
        elif wanted == " ".join(who.name.split()).casefold():
            by_name.append(who)
    found = by_email or by_name
    if len(found) > 1:
        listed = ", ".join(map(str, found[:20]))
        raise Invalid(f"{word!r} means {len(found)} accounts: {listed}.", hint="Use the id.")
    if not found:
        raise Gone(
            f"No account has {word!r} as id, e-mail or name.", hint=_suggestion(view, wanted)
        )
    return found[0]


def _suggestion(view: View, wanted: str) -> str:
    """A sentence that names accounts spelled alike."""
    near = heapq.nlargest(_NEAR, _alike(view, wanted), key=lambda pair: pair[0])
    if not near:
        return "`show accounts` lists everybody."
    return f"Did you mean {', or '.join(text for _, text in near)}?"


def _alike(view: View, wanted: str) -> Iterator[tuple[float, str]]:
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    for resource in view.people():
        who = account_of(resource)
        spellings = (who.name, *who.emails, who.id)
        if any(wanted and wanted in text.casefold() for text in spellings):
            likeness = _PART
        else:
            likeness = max(_likeness(matcher, text) for text in spellings)
        if likeness >= _ALIKE:
            yield likeness, str(who)


def _likeness(matcher: "difflib.SequenceMatcher[str]", text: str) -> float:
    """0 to 1. The cheap bounds come first: there may be 100,000 accounts."""
    matcher.set_seq1(text.casefold())
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    return matcher.ratio()


def stamp(run: SyncRun) -> str:
    """When a sync ended, or else began, to the minute."""
    word = "ended" if run.ended_at else "begun"
    return f"{word} {run.ended_at or run.started_at:%Y-%m-%d %H:%M} UTC"


def label(run: SyncRun, kinds: Kinds) -> str:
    """One line that says what a sync lacks; empty for a finished full one."""
    if run.finished and run.sync_type == FULL:
        return ""
    if not run.finished:
        said = "unfinished: anything may be missing"
    elif run.sync_type in DIFF_TYPES:
        said = f"a difference between two syncs ({run.sync_type}), not a state"
    else:
        said = f"partial: {_missing(run, kinds)}"
    return f"This is sync {run.sync_id}, {stamp(run)}. It is {said}."


def _missing(run: SyncRun, kinds: Kinds) -> str:
    """What a partial sync lacks: kinds that it does not know, and its own words for the rest."""
    own = _own_words(run.sync_token)
    every = {"accounts": kinds.accounts, "roles": kinds.roles, "groups": kinds.groups}
    # A kind that was asked for and has no rows may just be empty, unless nothing else is told.
    absent = [
        name
        for name, types in every.items()
        if not types or not (own or kinds.listed.intersection(types))
    ]
    said = [f"{' and '.join(absent)} are missing"] if absent else []
    if run.sync_type == "resources_only":
        said.append("who holds what is missing")
    said += [words.rstrip(".") for words in own[:_FEW]]
    if len(own) > _FEW:
        said.append(f"and {len(own) - _FEW} more")
    return "; ".join(said) or "something is missing, and the log of that sync says what"


def _own_words(token: str) -> list[str]:
    """The list `missing` of a token that our engine wrote."""
    try:
        found = json.loads(token)
    except ValueError:
        return []
    words = found.get("missing") if isinstance(found, dict) else None
    return [str(word) for word in words] if isinstance(words, list) else []
