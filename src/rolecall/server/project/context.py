"""What the frame of every page needs."""

from typing import Any

from django.http import HttpRequest

from rolecall.server.people.permissions import may

__all__ = ["shell"]

_ADMIN = {"people": "person:read", "users": "user:read", "audit": "audit:read",
          "mail": "mail:read", "connectors": "connector:list", "apps": "app:list"}  # fmt: skip


def shell(request: HttpRequest) -> dict[str, Any]:
    """Which parts of the navigation this person may see."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"nav": {}}
    return {"nav": {place: bool(may(actor, action)) for place, action in _ADMIN.items()}}
