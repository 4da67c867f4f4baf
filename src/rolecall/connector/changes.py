"""What happened between two syncs, told in Notion's terms: joined, left, is now owner.

Turns the raw differences of `baton.c1z.compare` into sentences. Streams, except the changes of
role, which are kept until the end so that "removed one, added another" becomes one sentence. Never
calls anything gone on the strength of a sync that is not full, nor new because an older sync that
was not full lacked it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from rolecall.baton.c1z.compare import Difference, Kind, Side, differences
from rolecall.baton.c1z.reader import decode
from rolecall.baton.c1z.syncs import FULL, SyncRun
from rolecall.baton.c1z.views import View
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource
from rolecall.connector.snapshot import Account, account_of
from rolecall.connector.tables import Cell

__all__ = ["COLUMNS", "Change", "Past", "reservations", "story"]

COLUMNS: Final = (
    "change",
    "what",
    "id",
    "name",
    "account_id",
    "account",
    "before",
    "after",
    "implied",
    "sentence",
)
"""The columns of `diff -o json`, in order; docs/reference/json.md explains them."""

_WORDS: Final[dict[str, Literal["added", "removed", "changed"]]] = {
    "created": "added",
    "deleted": "removed",
    "modified": "changed",
}
_FIELDS: Final = (("name", "name"), ("email", "e-mail"), ("status", "status"), ("title", "title"))
_PLAIN: Final = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True, kw_only=True)
class Past:
    """One of the two syncs, open."""

    view: View
    run: SyncRun

    @property
    def whole(self) -> bool:
        """Whether what is absent here is really absent."""
        return self.run.finished and self.run.sync_type == FULL

    @property
    def side(self) -> Side:
        """The same for `compare`."""
        return Side(reader=self.view.reader, sync_id=self.run.sync_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that is different."""

    change: Literal["added", "removed", "changed"]
    what: str
    """`account`, `group`, `role`, `membership`, `assignment`, `entitlement`, `grant`,
    `resource type`, or the name of another resource type."""

    id: str
    """Of the resource; for a membership or assignment, of the group or role."""

    name: str
    account_id: str = ""
    """Whom it is about: the holder, or the account itself."""

    account: str = ""
    before: str = ""
    after: str = ""
    implied: bool = False
    """Follows from another change, or shows nowhere; tables leave it out."""

    sentence: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that `COLUMNS` names."""
        return tuple(getattr(self, name) for name in COLUMNS)


def reservations(old: Past, new: Past) -> list[str]:
    """What the comparison cannot say, as sentences."""
    said = []
    if not new.whole:
        said.append("The newer sync is not a full one: what it lacks is not reported as gone.")
    if not old.whole:
        said.append("The older sync is not a full one: what it lacks is not reported as new.")
    return said


def story(old: Past, new: Past) -> Iterator[Change]:
    """Everything that differs: resources, entitlements, memberships and other grants, then roles.

    Raises:
        BadFile: a file is damaged.
    """
    return _Story(old=old, new=new).told()


@dataclass(frozen=True, kw_only=True)
class _Roles:
    """What one account lost and got."""

    lost: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)


class _Story:
    """The state that the telling needs: who came and went, and whose roles moved."""

    def __init__(self, *, old: Past, new: Past) -> None:
        self._old = old
        self._new = new
        self._touched: set[tuple[str, str]] = set()
        """Resources that were created or deleted: what hangs on them is implied."""

        self._gone: set[tuple[str, str]] = set()
        self._roles: dict[tuple[str, str, str], _Roles] = {}
        """Per (type of role, type and id of holder)."""

    def told(self) -> Iterator[Change]:
        for one in self._reliable("resource_types"):
            yield self._other(one, "resource type", one.external_id, one.external_id)
        for one in self._reliable("resources"):
            yield self._resource(one)
        for one in self._reliable("entitlements"):
            yield self._entitlement(one)
        for one in self._reliable("grants"):
            if self._kind(one.resource_type) == "role" and one.change != "modified":
                self._remember_role(one)
            else:
                yield self._grant(one)
        for key in sorted(self._roles):
            yield self._role_change(key, self._roles[key])

    def _reliable(self, kind: Kind) -> Iterator[Difference]:
        """The differences that both syncs can vouch for."""
        for one in differences(self._old.side, self._new.side, kind):
            unsure = (one.change == "deleted" and not self._new.whole) or (
                one.change == "created" and not self._old.whole
            )
            if not unsure:
                yield one

    def _kind(self, resource_type: str) -> str:
        """`account`, `group`, `role`, or the type's name, whichever side knows the type."""
        kind = self._new.view.kinds.of(resource_type)
        return self._old.view.kinds.of(resource_type) if kind == resource_type else kind

    def _name(self, resource_type: str, resource_id: str) -> str:
        """The newest display name."""
        name = self._new.view.name(resource_type, resource_id)
        return self._old.view.name(resource_type, resource_id) if name == resource_id else name

    def _other(self, one: Difference, what: str, ident: str, name: str, /) -> Change:
        """A difference that people rarely look at."""
        word = _WORDS[one.change]
        return Change(
            change=_WORDS[one.change],
            what=what,
            id=ident,
            name=name,
            implied=one.change == "modified",
            sentence=f"{what[:1].upper()}{what[1:]} {name} was {word}",
        )

    def _resource(self, one: Difference) -> Change:
        resource = decode(Resource, one.after or one.before, one.external_id)
        key = (resource.id.resource_type, resource.id.resource)
        if one.change != "modified":
            self._touched.add(key)
        if one.change == "deleted":
            self._gone.add(key)
        kind = self._kind(one.resource_type)
        if kind == "account":
            return self._account(one, account_of(resource))
        name = resource.display_name or resource.id.resource
        before = decode(Resource, one.before, one.external_id).display_name if one.before else ""
        if one.change == "modified" and before != name:
            return Change(
                change="changed",
                what=kind,
                id=resource.id.resource,
                name=name,
                before=before,
                after=name,
                sentence=f"{kind[:1].upper()}{kind[1:]} {before} is now called {name}",
            )
        return self._other(one, kind, resource.id.resource, name)

    def _account(self, one: Difference, who: Account) -> Change:
        name = who.name or who.email or who.id
        before = after = ""
        implied = False
        if one.change == "modified":
            old = account_of(decode(Resource, one.before, one.external_id))
            moved = [
                (word, getattr(old, key), getattr(who, key))
                for key, word in _FIELDS
                if getattr(old, key) != getattr(who, key)
            ]
            if set(old.emails) != set(who.emails) and old.email == who.email:
                moved.append(("addresses", ", ".join(old.emails), ", ".join(who.emails)))
            before = "; ".join(f"{word} {was or 'none'}" for word, was, _ in moved)
            after = "; ".join(f"{word} {now or 'none'}" for word, _, now in moved)
            implied = not moved
            details = ", ".join(f"{w} {was or 'none'} → {now or 'none'}" for w, was, now in moved)
            sentence = f"{old.name or name} changed: {details or 'nothing that shows'}"
        else:
            sentence = f"{name} {'joined' if one.change == 'created' else 'left'} the workspace"
        return Change(
            change=_WORDS[one.change],
            what="account",
            id=who.id,
            name=name,
            account_id=who.id,
            account=name,
            before=before,
            after=after,
            implied=implied,
            sentence=sentence,
        )

    def _entitlement(self, one: Difference) -> Change:
        held = decode(Entitlement, one.after or one.before, one.external_id)
        name = self._name(one.resource_type, one.resource)
        slug = held.slug or held.display_name
        return Change(
            change=_WORDS[one.change],
            what="entitlement",
            id=one.external_id,
            name=slug,
            implied=one.change == "modified" or (one.resource_type, one.resource) in self._touched,
            sentence=f"Entitlement {slug} of {name} was {_WORDS[one.change]}",
        )

    def _grant(self, one: Difference) -> Change:
        """A membership of a group, or a grant of something else, or a grant stored differently."""
        who = self._name(one.principal_type, one.principal)
        name = self._name(one.resource_type, one.resource)
        group = self._kind(one.resource_type) == "group"
        slug = self._slug(one)
        if group:
            verb = {"created": "joined", "deleted": "left", "modified": "is still in"}[one.change]
        else:
            verb = {"created": "got", "deleted": "lost", "modified": "still holds"}[one.change]
        extra = "" if group and slug in {"", "member"} else f" ({slug})"
        return Change(
            change=_WORDS[one.change],
            what="membership" if group else "grant",
            id=one.resource,
            name=name,
            account_id=one.principal,
            account=who,
            before="" if one.change == "created" else slug,
            after="" if one.change == "deleted" else slug,
            implied=one.change == "modified" or self._went_with_something(one),
            sentence=f"{who} {verb} {name}{extra}",
        )

    def _went_with_something(self, one: Difference) -> bool:
        """Whether a lost grant is explained by a person or group that is gone."""
        ends = {(one.principal_type, one.principal), (one.resource_type, one.resource)}
        return one.change == "deleted" and not ends.isdisjoint(self._gone)

    def _slug(self, one: Difference) -> str:
        """The entitlement's short name, as far as the grant's id tells."""
        grant = decode(Grant, one.after or one.before, one.external_id)
        entitlement = grant.entitlement.id
        return entitlement.removeprefix(f"{one.resource_type}:{one.resource}:")

    def _remember_role(self, one: Difference) -> None:
        key = (one.resource_type, one.principal_type, one.principal)
        moved = self._roles.setdefault(key, _Roles())
        (moved.got if one.change == "created" else moved.lost).append(one.resource)

    def _role_change(self, key: tuple[str, str, str], moved: _Roles) -> Change:
        role_type, principal_type, principal = key
        who = self._name(principal_type, principal)
        lost, got = (
            " and ".join(self._role_name(role_type, role) for role in sorted(roles))
            for roles in (moved.lost, moved.got)
        )
        if got:
            sentence = f"{who} is now {got}" + (f" (was {lost})" if lost else "")
        else:
            sentence = f"{who} is no longer {lost}"
        return Change(
            change="changed" if got and lost else "added" if got else "removed",
            what="assignment",
            id=", ".join(sorted(moved.got or moved.lost)),
            name=got or lost,
            account_id=principal,
            account=who,
            before=lost,
            after=got,
            implied=not got and (principal_type, principal) in self._gone,
            sentence=sentence,
        )

    def _role_name(self, role_type: str, role: str) -> str:
        """`membership admin`: an id that reads as words, else the display name."""
        if _PLAIN.fullmatch(role):
            return role.replace("_", " ")
        return self._name(role_type, role)
