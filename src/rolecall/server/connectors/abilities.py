"""What a connector can change: by its credentials if it is hosted, by its hello if it is not."""

from typing import Any, Final

from rolecall.server.connectors import vault
from rolecall.server.connectors.models import Connector, Secret, Task

__all__ = ["cannot", "reads_again"]

_OURS: Final = "rolecall"
"""The package that our own connector names in its hello."""

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


def reads_again(connector: Connector) -> bool:
    """Whether its success means that Notion was read again afterwards, uncached."""
    if connector.kind == "notion":
        return True
    host = connector.hosts.order_by("-seen_at").first()
    return host is not None and _build(host.capabilities).get("package") == _OURS


def _build(hello: dict[str, Any]) -> dict[str, Any]:
    found = hello.get("buildInfo") or hello.get("build_info") or {}
    return found if isinstance(found, dict) else {}


def _said(hello: dict[str, Any], resource_type: str) -> set[str]:
    """The capabilities for one type of resource; actions belong to the connector as a whole."""
    metadata = hello.get("connectorMetadata") or hello.get("connector_metadata") or hello
    found = metadata.get("capabilities") or {}
    whole = found.get("connectorCapabilities") or found.get("connector_capabilities") or []
    said = {one for one in whole if one == _NEEDED[Task.Kind.ACTION]}
    for one in found.get("resourceTypeCapabilities") or found.get("resource_type_capabilities", []):
        named = one.get("resourceType") or one.get("resource_type") or {}
        if named.get("id") == resource_type:
            said |= set(one.get("capabilities") or [])
    return said
