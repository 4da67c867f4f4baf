"""The report *changes between two moments*: everything that was seen to change, in its order."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Count, Q, QuerySet

from rolecall.errors import Invalid
from rolecall.server.access.asof import during
from rolecall.server.access.models import App, Change, PersonLink, Sync
from rolecall.server.audit.trail import Actor
from rolecall.server.evidence.report import Report, Row, Rows, stamp
from rolecall.server.evidence.subject import Fact, Subject, basis_facts, made_facts
from rolecall.server.people.models import Person

__all__ = ["COLUMNS", "changes_between"]

COLUMNS: Final = (
    "What", "App", "Account", "E-mail", "Account id", "Person", "Now", "Before", "Seen",
    "Seen by",
)  # fmt: skip
_WIDTHS: Final = (9, 9, 12, 15, 12, 9, 13, 13, 15, 8)
_PIECE: Final = 1000
_NOTES: Final = (
    ("Seen", "when a sync read it, or a change of ours was seen to be done"),
    ("Not told", "the first sync of an app changes nothing: history begins with it"),
    ("Names", "those of accounts, groups and roles are today's"),
    ("Person", "whose account it was known to be at the second moment"),
)  # fmt: skip


def changes_between(
    actor: Actor, subject: Subject, since: datetime, until: datetime, *, now: datetime
) -> Report:
    """What changed after one moment, up to another and at it.

    Args:
        actor: who asks; named in it.
        subject: the app or person.
        since: the first moment.
        until: the second.
        now: when it is asked.

    Raises:
        Invalid: the moments are in the wrong order, or nothing is known of the second.
    """
    if since >= until:
        raise Invalid(
            "The second moment is not after the first.", hint="Say the earlier one first."
        )
    about = subject.target
    whose = Q(app=about) if isinstance(about, App) else subject.keys(until)
    rows = Change.objects.filter(whose, at__gt=since, at__lte=until)
    found = rows.values_list("kind").annotate(n=Count("pk")).order_by("kind")
    counts = {kind: n for kind, n in found if n}
    of = f"of {subject.target}" if isinstance(subject.target, Person) else f"in {subject.target}"
    return Report(
        kind="changes",
        title=f"Changes {of} from {stamp(since)} to {stamp(until)}",
        facts=(
            *made_facts(actor, subject, now),
            ("After", stamp(since)),
            ("Until", stamp(until)),
            *_sync_facts(subject, since, until),
            *basis_facts(subject, until),
            *(("Rows", f"{n} {kind}") for kind, n in counts.items()),
            *(() if counts else (("Rows", "0: no change was seen"),)),
            *_NOTES,
        ),
        columns=COLUMNS,
        widths=_WIDTHS,
        counts=counts,
        rows=Rows(_rows(rows, until)),
        stem=f"{subject.target} changes {stamp(since)} {stamp(until)}",
    )


def _sync_facts(subject: Subject, since: datetime, until: datetime) -> Iterator[Fact]:
    """How often it was looked, app by app: between two syncs nothing is seen."""
    for app in subject.apps:
        syncs = Sync.objects.filter(app=app, ended_at__gt=since, ended_at__lte=until)
        first, last = syncs.order_by("number").first(), syncs.order_by("-number").first()
        if first is None or last is None:
            yield "Looked", f"{app.name}: no sync ended between the two moments"
            continue
        partial = syncs.filter(completeness=Sync.Completeness.PARTIAL).count()
        many = syncs.count()
        yield (
            "Looked",
            (
                f"{app.name}: {many} sync{'s' * (many != 1)}, from sync {first.number} (ended "
                f"{stamp(first.ended_at)}) to sync {last.number} (ended {stamp(last.ended_at)}), "
                f"{partial} of them partial"
            ),
        )


def _rows(found: QuerySet[Change], until: datetime) -> Iterator[Row]:
    """Every change, in the order in which they were seen."""
    keys = list(found.order_by("at", "pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _PIECE):
        piece = keys[start : start + _PIECE]
        rows = Change.objects.filter(pk__in=piece).order_by("at", "pk")
        changes = list(rows.select_related("app", "account", "entitlement", "before", "sync"))
        links = PersonLink.objects.filter(
            during(until), account__in=[one.account_id for one in changes]
        )
        persons = dict(links.values_list("account_id", "person__name"))
        for one in changes:
            yield _row(one, persons.get(one.account_id or 0, ""))


def _row(change: Change, person: str) -> Row:
    account = change.account
    now, before = str(change.entitlement or ""), str(change.before or "")
    if change.kind == Change.Kind.EDITED:
        now = "; ".join(f"{name}: {new}" for name, (_old, new) in sorted(change.detail.items()))
        before = "; ".join(f"{name}: {old}" for name, (old, _new) in sorted(change.detail.items()))
    if account is None:  # a group itself came, went, or got another name
        before, now = (name or "" for name in change.detail["name"])
    whose = (account.name, account.email, account.external_id) if account else ("", "", "")
    return (
        change.kind, change.app.name, *whose, person,
        now, before, stamp(change.at),
        f"sync {change.sync.number}" if change.sync else "a change of ours",
    )  # fmt: skip
