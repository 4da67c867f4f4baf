"""Where self-hosted connectors run, what they say of themselves, and whether they still call."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from google.protobuf import json_format

from rolecall.baton.proto._generated.c1.connector.v2.connector_pb2 import ConnectorMetadata
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Gone
from rolecall.server.audit.trail import SYSTEM, Actor, record
from rolecall.server.connectors import schedule, tasks
from rolecall.server.connectors.hello import checklist
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import connector_row, connector_rows, task_rows
from rolecall.server.connectors.models import Client, Connector, Host, Task
from rolecall.server.connectors.pace import pace
from rolecall.server.connectors.services.running import schedule_of
from rolecall.server.connectors.telling import tell
from rolecall.server.notifications.kinds import Kind

__all__ = ["greet", "mark_missing", "see"]

_NOTED_EACH: Final = timedelta(seconds=15)
"""`seen_at` is not written more often: a connector calls every few seconds."""


@transaction.atomic
def greet(client: Client, request: api.BatonServiceHelloRequest, now: datetime) -> None:
    """Take note of who calls; with a task id, that is the answer to a hello task.

    The first hello of a connector starts its first sync.

    Raises:
        Gone: this connector has no such task.
    """
    task = _asked(client, request.task_id) if request.task_id else None
    connector = connector_row(client.connector_id)
    host, new = Host.objects.get_or_create(
        connector=connector, name=request.host_id, defaults={"first_seen_at": now, "seen_at": now}
    )
    host.version = _version(request)
    host.system = _system(request)
    host.capabilities = _told(request.connector_metadata)
    host.seen_at = now
    host.save()
    if new:
        record(
            Actor(kind="connector", id=connector.public_id, name=connector.name),
            "connector:host:new", connector, now=now, scope=connector.public_id, host=host.name,
            version=host.version,
        )  # fmt: skip
    _seen(connector, now)
    if task is not None and task.state in {Task.State.QUEUED, Task.State.RUNNING}:
        task.answer = request.SerializeToString()
        task.result = {"lines": checklist(connector, host)}
        tasks.end(task, Task.State.DONE, now)
    _begin(connector, now)


def see(client: Client, host: str, now: datetime) -> None:
    """Note that a connector has called; most of the time there is nothing to write."""
    connector, before = client.connector, now - _NOTED_EACH
    if connector.missed_at is None and connector.seen_at and connector.seen_at > before:
        return
    with transaction.atomic():
        _seen(connector_row(connector.pk), now)
    Host.objects.filter(connector=connector, name=host, seen_at__lte=before).update(seen_at=now)


@transaction.atomic
def mark_missing(now: datetime) -> int:
    """Say of connectors that did not call for long that they are not seen, and tell; how many."""
    before = now - timedelta(seconds=pace().missed_s)
    silent = connector_rows(skip_locked=True).filter(
        kind="baton", archived_at=None, missed_at=None, seen_at__lt=before
    )
    found = list(silent)
    for connector in found:
        connector.missed_at = now
        connector.save(update_fields=["missed_at"])
        relabel(connector)
        record(SYSTEM, "connector:missed", connector, now=now, scope=connector.public_id)
        tell(
            connector,
            Kind.MISSED,
            f"connector:missed:{connector.public_id}:{connector.seen_at}",
            subject=f"{connector.name} is not seen any more",
            text=f"{connector.name} last called at {connector.seen_at:%Y-%m-%d %H:%M} UTC. Until "
            "it calls again nothing is read and nothing is changed: what is shown is from before, "
            "and orders wait.\n\nSee whether it runs, and whether its machine reaches "
            "Rolecall's controller.",
            now=now,
        )
    return len(found)


def _asked(client: Client, task_id: str) -> Task:
    """The test that this answers, locked."""
    rows = task_rows().select_related("connector__app").filter(connector=client.connector_id)
    task = rows.filter(pk=task_id, kind=Task.Kind.TEST).first()
    if task is None:
        raise Gone("This connector has no such task.")
    return task


def _seen(connector: Connector, now: datetime) -> None:
    """In the caller's transaction, the row locked."""
    missed, connector.seen_at, connector.missed_at = connector.missed_at, now, None
    connector.save(update_fields=["seen_at", "missed_at"])
    if missed:
        relabel(connector)


def _begin(connector: Connector, now: datetime) -> None:
    """A sync at once, if there never was one; from then on the schedule asks."""
    syncs = connector.tasks.filter(kind=Task.Kind.SYNC)
    if connector.paused_at or connector.last_success_at or syncs.exists():
        return
    connector.due_at = schedule.next_due(schedule_of(connector), now, connector.public_id)
    connector.save(update_fields=["due_at"])
    tasks.ask(connector, Task.Kind.SYNC, trigger="credential", asked_by=SYSTEM.name, now=now)


def _version(request: api.BatonServiceHelloRequest) -> str:
    build = request.build_info
    return _clean(f"{build.package} {build.package_version}".strip())[:100]


def _system(request: api.BatonServiceHelloRequest) -> str:
    told = request.os_info
    parts = (told.os, told.platform, told.platform_version, told.kernel_arch, told.hostname)
    return _clean(" ".join(part for part in parts if part))[:200]


def _told(metadata: ConnectorMetadata) -> dict[str, Any]:
    """The message as JSON, without annotations, which may be of types that we do not know."""
    plain = ConnectorMetadata()
    plain.CopyFrom(metadata)
    plain.ClearField("annotations")
    for one in plain.capabilities.resource_type_capabilities:
        one.resource_type.ClearField("annotations")
    text = json_format.MessageToJson(plain, preserving_proto_field_name=True)
    told: dict[str, Any] = json.loads(text.replace("\\u0000", ""))
    return {key: told[key] for key in ("display_name", "description", "capabilities")
            if key in told}  # fmt: skip


def _clean(text: str) -> str:
    return text.replace("\0", "")
