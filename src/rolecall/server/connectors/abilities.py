"""What a connector can change: by its credentials if it is hosted, by its hello if it is not."""

from typing import Any, Final

from rolecall.server.connectors import vault
from rolecall.server.connectors.models import Connector, Secret, Task

__all__ = ["cannot", "is_ours", "reads_again"]

_OURS: Final = "rolecall "
"""How the version of a host of our own connector begins: its package, as its hello names it."""

_NEEDED: Final = {
    Task.Kind.GRANT: "CAPABILITY_PROVISION",
    Task.Kind.REVOKE: "CAPABILITY_PROVISION",
    Task.Kind.CREATE_ACCOUNT: "CAPABILITY_ACCOUNT_PROVISIONING",
    Task.Kind.CREATE_RESOURCE: "CAPABILITY_RESOURCE_CREATE",
    Task.Kind.DELETE_RESOURCE: "CAPABILITY_RESOURCE_DELETE",
    Task.Kind.ACTION: "CAPABILITY_ACTIONS",
}


def cannot(connector: Connector | None, kind: str, resource_type: str) -> str:
    """Why a connector cannot carry out a change of this kind; "" if it can.

    Args:
        connector: the app's, if it has one.
        kind: of `Task.Kind`.
        resource_type: user, group or role: what is changed.
    """
    if connector is None:
        return "No connector is connected."
    if connector.kind == "notion":
        with_scim = vault.current(connector).filter(slot=Secret.Slot.SCIM_TOKEN).exists()
        return "" if with_scim else f"{connector.name} has no SCIM API token, and only reads."
    hellos = [host.capabilities for host in connector.hosts.order_by("-seen_at")[:1]]
    if not hellos:
        return f"{connector.name} has never been seen."
    needed = _NEEDED[Task.Kind(kind)]
    if needed in _said(hellos[0], resource_type):
        return ""
    return f"{connector.name} says that it cannot do this ({needed} of {resource_type})."


def reads_again(task: Task) -> bool:
    """Whether the success of this task means that Notion was read again afterwards, uncached.

    So it is with our own code: hosted, or on the machine that carried the task.
    """
    if task.connector.kind == "notion":
        return True
    hosts = task.connector.hosts.order_by("-seen_at")
    _, _, name = task.worker.partition(" ")
    host = hosts.filter(name=name).first() if name else hosts.first()
    return host is not None and host.version.startswith(_OURS)


def is_ours(connector: Connector, host: str) -> bool:
    """Whether our own connector runs on this machine, by its hello."""
    return connector.hosts.filter(name=host, version__startswith=_OURS).exists()


def _said(hello: dict[str, Any], resource_type: str) -> set[str]:
    """The capabilities for one type of resource; actions belong to the connector as a whole."""
    found = hello.get("capabilities", {})
    whole = found.get("connector_capabilities", [])
    said = {one for one in whole if one == _NEEDED[Task.Kind.ACTION]}
    for one in found.get("resource_type_capabilities", []):
        if one.get("resource_type", {}).get("id") == resource_type:
            said |= set(one.get("capabilities", []))
    return said
