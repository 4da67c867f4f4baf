"""What the clock brings: scheduled syncs, daily probes, old tokens and log lines to forget."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from rolecall.server.audit.trail import SYSTEM
from rolecall.server.connectors import schedule, tasks, vault
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.locks import connector_rows
from rolecall.server.connectors.models import Connector, LogLine, Secret, Task
from rolecall.server.connectors.services.running import schedule_of

__all__ = ["PROBE_EVERY", "forget_lines", "forget_offers", "start_probes", "start_syncs"]

PROBE_EVERY: Final = timedelta(days=1)
OFFER_LASTS: Final = timedelta(days=1)
"""A token that was typed in and never used is forgotten."""
LINES_LAST: Final = timedelta(days=90)
"""The log of a run; the run itself and its result are kept."""


@transaction.atomic
def start_syncs(now: datetime) -> int:
    """Ask for every sync that is due; how many. One under way counts as this one."""
    started = 0
    for connector in _awake().filter(due_at__lte=now):
        connector.due_at = schedule.next_due(schedule_of(connector), now, connector.public_id)
        connector.save(update_fields=["due_at"])
        if _under_way(connector, Task.Kind.SYNC):
            continue
        trigger = "retry" if connector.failures else "schedule"
        tasks.ask(connector, Task.Kind.SYNC, trigger=trigger, asked_by=SYSTEM.name, now=now)
        started += 1
    return started


@transaction.atomic
def start_probes(now: datetime) -> int:
    """Ask for the day's look at every credential; how many."""
    before = now - PROBE_EVERY
    unseen = _awake().filter(Q(last_probe_at=None) | Q(last_probe_at__lte=before))
    started = 0
    for connector in unseen.filter(kind="notion"):
        recently = connector.tasks.filter(
            kind__in=(Task.Kind.TEST, Task.Kind.PROBE), created_at__gt=before
        )
        if recently.exists() or not vault.current(connector).exists():
            continue
        tasks.ask(connector, Task.Kind.PROBE, trigger="schedule", asked_by=SYSTEM.name, now=now)
        started += 1
    return started


@transaction.atomic
def forget_offers(now: datetime) -> int:
    """Empty tokens that were typed in and never used; how many."""
    old = Secret.objects.filter(state=Secret.State.OFFERED, set_at__lt=now - OFFER_LASTS)
    return vault.empty(old, now)


def forget_lines(now: datetime) -> int:
    """Drop log lines of long ago; how many."""
    count, _ = LogLine.objects.filter(at__lt=now - LINES_LAST).delete()
    return count


def _awake() -> QuerySet[Connector]:
    """Connectors that go by the clock, each locked; one that is in use waits for the next round."""
    return connector_rows(skip_locked=True).filter(archived_at=None, paused_at=None)


def _under_way(connector: Connector, kind: str) -> bool:
    return connector.tasks.filter(kind=kind, state__in=OPEN).exists()
