"""Read what a message asks for: which entitlement, whose, which resource. Pure.

Ids are taken from the fields that hold them, never cut out of longer ids: a join of ids with colons
cannot be taken apart again. A message that contradicts itself is refused.
"""

from dataclasses import dataclass
from typing import Final, Literal

from rolecall.baton.ids import entitlement_id
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceId
from rolecall.connector.resources import ASSIGNED, GROUP, MEMBER, ROLE, USER
from rolecall.errors import Invalid, Refused, Unsupported

__all__ = ["Held", "held_of", "insist_on_provisioning", "known_id", "user_of"]

ID_BYTES: Final = 1024
"""The longest id that Baton's messages may hold (facts of the protocol, ResourceId)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is granted or revoked."""

    type: Literal["role", "group"]
    id: str
    """Id of the role or group."""


def insist_on_provisioning(*, enabled: bool) -> None:
    """Refuse to change anything unless that was switched on, in the words of the Go runner.

    Raises:
        Refused: it is off.
    """
    if not enabled:
        raise Refused(
            "provisioning is not enabled",
            hint="- give -p (--provisioning, BATON_PROVISIONING=true) if Notion shall be changed.",
        )


def held_of(entitlement: Entitlement) -> Held:
    """What an entitlement stands for, by the resource that it holds.

    Raises:
        Invalid: it names no resource, or its id is not that of the resource's entitlement.
        Unsupported: nothing can be held on resources of this type.
    """
    if not entitlement.HasField("resource"):
        raise Invalid(
            f"The entitlement {entitlement.id!r} comes without its resource.",
            hint="Send the whole entitlement, as the sync has it.",
        )
    resource = entitlement.resource.id
    known_id(resource, "entitlement's resource")
    if resource.resource_type not in {ROLE, GROUP}:
        raise Unsupported(f"Nothing can be granted on a {resource.resource_type}.")
    kind: Literal["role", "group"] = "role" if resource.resource_type == ROLE else "group"
    slug = ASSIGNED if kind == ROLE else MEMBER
    expected = entitlement_id(kind, resource.resource, slug)
    if entitlement.id != expected:
        raise Invalid(f"The entitlement {entitlement.id!r} should be {expected!r}.")
    return Held(type=kind, id=resource.resource)


def user_of(principal: Resource) -> str:
    """The id of the person who gets or loses something.

    Raises:
        Invalid: it is no user.
    """
    known_id(principal.id, "principal")
    if principal.id.resource_type != USER:
        raise Invalid(
            f"The principal is a {principal.id.resource_type}; only a user can hold something."
        )
    return principal.id.resource


def known_id(resource: ResourceId, what: str) -> None:
    """Refuse an id that is none.

    Raises:
        Invalid: a part is empty or too long.
    """
    for part in (resource.resource_type, resource.resource):
        if not 1 <= len(part.encode()) <= ID_BYTES:
            raise Invalid(f"The {what} has no usable type and id.")
