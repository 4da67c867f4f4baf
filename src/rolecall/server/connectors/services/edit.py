"""What a connector is called, when it syncs, how careful it is, where Notion is."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from rolecall.errors import Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import reach, schedule, vault
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.schedule import Schedule
from rolecall.server.connectors.services.add import cleaned
from rolecall.server.connectors.services.rows import locked

__all__ = ["rename", "set_addresses", "set_schedule", "set_shrink_percent"]


@transaction.atomic
def rename(actor: Actor, connector_id: str, name: str, *, now: datetime) -> Connector:
    """Give it another name.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Invalid: it is no name.
    """
    connector = locked(actor, "connector:edit", connector_id)
    return _change(actor, connector, now, what="name", name=cleaned(name))


@transaction.atomic
def set_schedule(actor: Actor, connector_id: str, wanted: Schedule, *, now: datetime) -> Connector:
    """Sync at these times from now on.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Invalid: the schedule makes no sense.
    """
    schedule.check(wanted, now)
    connector = locked(actor, "connector:edit", connector_id)
    if not connector.paused_at and vault.current(connector).exists():
        connector.due_at = schedule.next_due(wanted, now, connector.public_id)
        connector.save(update_fields=["due_at"])
    return _change(
        actor, connector, now, what="schedule",
        interval_s=wanted.interval_s, cron=wanted.cron, zone=wanted.zone,
    )  # fmt: skip


@transaction.atomic
def set_shrink_percent(
    actor: Actor, connector_id: str, percent: int, *, now: datetime
) -> Connector:
    """From which share on an ending of accounts or grants waits for a yes.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Invalid: it is not between 1 and 100.
    """
    if not 1 <= percent <= 100:  # noqa: PLR2004 - per cent
        raise Invalid("The share is between 1 and 100 per cent.", hint="50 is usual.")
    connector = locked(actor, "connector:edit", connector_id)
    return _change(actor, connector, now, what="shrink", shrink_percent=percent)


@transaction.atomic
def set_addresses(
    actor: Actor, connector_id: str, *, scim_url: str, rest_url: str, now: datetime
) -> Connector:
    """Where Notion is, for a proxy or a simulator; empty is Notion's own address.

    After a change the next sync must look like the same workspace.

    Raises:
        NotAllowed, Gone: as in `rows.locked`; or the settings file does not allow the host.
        Invalid: it is no address.
    """
    for url in filter(None, (scim_url, rest_url)):
        reach.insist(url, settings.CONFIG.notion.allowed_hosts)
    connector = locked(actor, "connector:edit", connector_id)
    changed = (scim_url, rest_url) != (connector.scim_url, connector.rest_url)
    if changed and connector.app.last_sync_id is not None:
        connector.overlap_check = True
        connector.save(update_fields=["overlap_check"])
    return _change(actor, connector, now, what="addresses", scim_url=scim_url, rest_url=rest_url)


def _change(
    actor: Actor, connector: Connector, now: datetime, *, what: str, **fields: object
) -> Connector:
    """Set the fields that differ, and note what they were; nothing happens where none does."""
    before = {name: getattr(connector, name) for name in fields}
    if before == fields:
        return connector
    for name, value in fields.items():
        setattr(connector, name, value)
    connector.save(update_fields=list(fields))
    record(
        actor, f"connector:{what}:change", connector, now=now, scope=connector.public_id,
        before=before, after=dict(fields),
    )  # fmt: skip
    return connector
