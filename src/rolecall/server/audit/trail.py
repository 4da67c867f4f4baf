"""Write down a deed, in the transaction that does it.

`Actor` is who did it; every use case takes one, and passes it on to `record`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from django.db import connection

from rolecall.server.audit.models import Event

__all__ = ["SYSTEM", "Actor", "Target", "record"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something."""

    kind: Literal["person", "key", "connector", "system"]
    id: str = ""
    """Public id of the user, key or connector."""
    name: str
    user: int | None = None
    """The user who acts, or who made the key; None for connectors and the system."""
    scopes: frozenset[str] | None = None
    """What an API key may do; None is: all that its user may."""
    roles: frozenset[tuple[str, str]] | None = field(default=None, repr=False)
    """Role and scope as they were when a request came that only reads; None is: ask each time."""
    ip: str | None = None
    request_id: str = ""


SYSTEM = Actor(kind="system", name="Rolecall")
"""Schedules, sweeps, the first start."""


class Target(Protocol):
    """What a deed is about: any row with a public id and a name."""

    public_id: Any

    def __str__(self) -> str: ...


def record(
    actor: Actor,
    action: str,
    target: Target | None,
    *,
    now: datetime,
    **detail: Any,  # noqa: ANN401 - anything JSON holds
) -> Event:
    """The audit row of a deed; `reason` and `scope` among the details have columns of their own.

    Raises:
        RuntimeError: there is no transaction that this row would commit or fall with.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{action} is recorded outside the transaction that does it")
    return Event.objects.create(
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        action=action,
        target_kind=type(target).__name__.lower() if target is not None else "",
        target_id=str(target.public_id) if target is not None else "",
        target_name=str(target)[:254] if target is not None else "",
        scope=detail.pop("scope", ""),
        reason=detail.pop("reason", ""),
        detail=detail,
        ip=actor.ip,
        request_id=actor.request_id,
    )
