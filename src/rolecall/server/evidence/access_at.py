"""The report *access as of a moment*: who had an account, with which role, in which groups.

Read piece by piece, so that memory does not grow with the app; whoever writes it keeps all of it in
one snapshot of the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import CharField, Count, Exists, F, FilteredRelation, Func, OuterRef, Q

from rolecall.server.access.asof import during
from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    Entitlement,
    Grant,
    PersonLink,
    Presence,
    ResourcePeriod,
    Sync,
)
from rolecall.server.audit.trail import Actor
from rolecall.server.evidence.report import Report, Row, Rows, stamp
from rolecall.server.evidence.subject import Fact, Subject, basis_facts, made_facts
from rolecall.server.people.models import Person

__all__ = ["COLUMNS", "access_at"]

COLUMNS: Final = (
    "Kind", "App", "Account", "E-mail", "Account id", "Status", "Person", "What", "Since",
    "First seen by",
)  # fmt: skip
_WIDTHS: Final = (6, 9, 12, 15, 12, 7, 9, 13, 15, 8)
_PIECE: Final = 1000
"""So many accounts are read at once."""
_NOTES: Final = (
    ("Kind", "account: had an account; role: the account's role; group: a group it was in"),
    ("Since", "when a sync first read it, or a change of ours was seen to be done"),
    ("Person", "whose account it was known to be at that moment"),
)  # fmt: skip


class _Stamp(Func):
    """`stamp`, made by the database: a third of the time goes into moments otherwise."""

    template = """to_char(%(expressions)s at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    output_field = CharField()


class _Held(NamedTuple):
    """One role or group of an account."""

    order: tuple[int, str, int]
    kind: str
    name: str
    since: str
    sync: int | None


def access_at(actor: Actor, subject: Subject, at: datetime, *, now: datetime) -> Report:
    """Who held what at a moment.

    Args:
        actor: who asks; named in it.
        subject: the app or person.
        at: the moment.
        now: when it is asked.

    Raises:
        Invalid: nothing is known of that moment.
    """
    keys = subject.keys(at)
    counts = _counts(keys, at)
    of = f"of {subject.target}" if isinstance(subject.target, Person) else f"to {subject.target}"
    return Report(
        kind="access",
        title=f"Access {of} as of {stamp(at)}",
        facts=(
            *made_facts(actor, subject, now),
            ("Moment", stamp(at)),
            *basis_facts(subject, at),
            *_count_facts(counts),
            *_NOTES,
        ),
        columns=COLUMNS,
        widths=_WIDTHS,
        counts=counts,
        rows=Rows(_Reading(subject, at).rows(keys)),
        stem=f"{subject.target} access {stamp(at)}",
    )


def _counts(keys: Q, at: datetime) -> dict[str, int]:
    present = Presence.objects.filter(during(at), account_id=OuterRef("account_id"))
    held = Grant.objects.filter(keys, during(at), Exists(present))
    kinds = held.values_list("entitlement__kind").annotate(n=Count("pk")).order_by()
    there = Presence.objects.filter(keys, during(at)).count()
    return {"account": there, "role": 0, "group": 0} | dict(kinds)


def _count_facts(counts: dict[str, int]) -> Iterator[Fact]:
    for kind, count in counts.items():
        yield "Rows", f"{count} {kind}{'s' * (count != 1)}"


class _Reading:
    """One moment, read piece by piece; what many rows share is read once."""

    def __init__(self, subject: Subject, at: datetime) -> None:
        self._at = at
        self._apps = {app.pk: app.name for app in subject.apps}
        self._syncs = dict(Sync.objects.filter(app__in=subject.apps).values_list("pk", "number"))
        self._things: dict[int, tuple[str, str]] = {}
        """Entitlement → kind, and the name it had at that moment."""

    def rows(self, keys: Q) -> Iterator[Row]:
        """Every row, by the name that the account had."""
        words = FilteredRelation(
            "account__descriptions",
            condition=Q(account__descriptions__from_at__lte=self._at)
            & (
                Q(account__descriptions__until_at=None)
                | Q(account__descriptions__until_at__gt=self._at)
            ),
        )
        there = Presence.objects.filter(keys, during(self._at)).annotate(words=words)
        named = there.order_by(F("words__name").asc(nulls_last=True), "account_id")
        accounts = list(dict.fromkeys(named.values_list("account_id", flat=True)))
        for start in range(0, len(accounts), _PIECE):
            yield from self._piece(accounts[start : start + _PIECE])

    def _piece(self, keys: Sequence[int]) -> Iterator[Row]:
        held = self._held(keys)
        described = self._described(keys)
        rows = Presence.objects.filter(during(self._at), account__in=keys)
        seen = rows.values_list("account_id", _Stamp("from_at"), "first_sync_id")
        there = {key: (since, sync) for key, since, sync in seen}
        for key in keys:
            since, sync = there[key]
            app, name, email, external, status, person = described[key]
            own = _Held((0, "", 0), "account", "Has an account", since, sync)
            for one in (own, *held[key]):
                yield (
                    one.kind, app, name, email, external, status, person, one.name,
                    one.since, self._by(one.sync),
                )  # fmt: skip

    def _described(self, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """App, name, e-mail, id, status and person of each account, then."""
        then = AccountAttributes.objects.filter(during(self._at), account__in=keys)
        said = then.values_list("account_id", "name", "email", "status")
        words = {key: (name, email, status) for key, name, email, status in said}
        links = PersonLink.objects.filter(during(self._at), account__in=keys)
        persons = dict(links.values_list("account_id", "person__name"))
        accounts = Account.objects.filter(pk__in=keys).values_list("pk", "app_id", "external_id")
        found: dict[int, tuple[str, ...]] = {}
        for key, app, external in accounts:
            name, email, status = words.get(key, ("", "", ""))
            found[key] = (self._apps[app], name, email, external, status, persons.get(key, ""))
        return found

    def _held(self, keys: Sequence[int]) -> dict[int, list[_Held]]:
        """Roles and groups of each account: the role first, groups by name."""
        grants = list(
            Grant.objects.filter(during(self._at), account__in=keys).values_list(
                "account_id", "entitlement_id", _Stamp("from_at"), "first_sync_id"
            )
        )
        self._learn({entitlement for _account, entitlement, *_more in grants})
        held: dict[int, list[_Held]] = defaultdict(list)
        for account, entitlement, since, sync in grants:
            kind, name = self._things[entitlement]
            order = (kind != Entitlement.Kind.ROLE, name, entitlement)
            held[account].append(_Held(order, kind, name, since, sync))
        for own in held.values():
            own.sort()
        return held

    def _learn(self, keys: Iterable[int]) -> None:
        """What entitlements are, and were called."""
        new = [key for key in keys if key not in self._things]
        if not new:
            return
        rows = Entitlement.objects.filter(pk__in=new)
        found = list(rows.values_list("pk", "kind", "name", "resource_id"))
        groups = [res for _key, kind, _name, res in found if kind == Entitlement.Kind.GROUP]
        periods = ResourcePeriod.objects.filter(during(self._at), resource__in=groups)
        names = dict(periods.values_list("resource_id", "name"))
        for key, kind, name, resource in found:
            self._things[key] = kind, names.get(resource, name)

    def _by(self, sync: int | None) -> str:
        return f"sync {self._syncs[sync]}" if sync else "a change of ours"
