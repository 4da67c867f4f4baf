"""How connectors and their runs look."""

from types import MappingProxyType

from django.urls import reverse

from rolecall.server.connectors.models import Connector, Task
from rolecall.server.tables.look import Look

__all__ = [
    "CONNECTOR_LOOKS",
    "connector_crumbs",
    "connector_look",
    "connector_tabs",
    "task_look",
    "trigger_words",
]

_State = Connector.State
CONNECTOR_LOOKS = MappingProxyType({
    _State.NOT_CONNECTED: Look(word="Not connected", tone="idle", icon="nothing"),
    _State.SYNCING: Look(word="Syncing", tone="busy", icon="turning"),
    _State.CONNECTED: Look(word="Connected", tone="good", icon="done"),
    _State.NEEDS_CONFIRMATION: Look(word="Needs confirmation", tone="warn", icon="question"),
    _State.ERROR: Look(word="Error", tone="bad", icon="failed"),
    _State.PAUSED: Look(word="Paused", tone="warn", icon="pause"),
    _State.NOT_SEEN: Look(word="Not seen", tone="bad", icon="alert"),
    _State.ARCHIVED: Look(word="Deleted", tone="idle", icon="trash"),
})  # fmt: skip
_TASKS = MappingProxyType({
    Task.State.QUEUED: Look(word="Queued", tone="busy", icon="clock"),
    Task.State.RUNNING: Look(word="Running", tone="busy", icon="turning"),
    Task.State.HELD: Look(word="Needs confirmation", tone="warn", icon="question"),
    Task.State.DONE: Look(word="Done", tone="good", icon="done"),
    Task.State.FAILED: Look(word="Failed", tone="bad", icon="failed"),
    Task.State.REJECTED: Look(word="Rejected", tone="idle", icon="close"),
    Task.State.CANCELLED: Look(word="Cancelled", tone="idle", icon="close"),
})  # fmt: skip


_TRIGGERS = MappingProxyType({"credential": "new token", "hand": "by hand", "schedule": "schedule"})


def connector_look(connector: Connector) -> Look:
    """The label of a connector."""
    return CONNECTOR_LOOKS[Connector.State(connector.state)]


def task_look(task: Task) -> Look:
    """How far a task is."""
    return _TASKS[Task.State(task.state)]


def trigger_words(task: Task) -> str:
    """Why a task was begun."""
    return _TRIGGERS.get(task.trigger, task.trigger)


def connector_crumbs(connector: Connector | None = None) -> list[tuple[str, str]]:
    """The way to a page of a connector."""
    crumbs = [("Connectors", reverse("connectors:list"))]
    if connector is not None:
        address = reverse("connectors:connector", args=(connector.public_id,))
        crumbs.append((connector.name, address))
    return crumbs


def connector_tabs(connector: Connector) -> list[tuple[str, str]]:
    """The pages of a connector."""
    pages = (
        ("Overview", "connectors:connector"),
        ("Runs", "connectors:runs"),
        ("Settings", "connectors:settings"),
        ("Credentials", "connectors:credentials"),
        ("Audit", "connectors:audit"),
    )
    return [(label, reverse(name, args=(connector.public_id,))) for label, name in pages]
