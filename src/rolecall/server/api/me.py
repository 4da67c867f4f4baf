"""Oneself: who the key or session stands for, and what it may do."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from rolecall.server.api.door import actor_of, answers
from rolecall.server.people.models import User
from rolecall.server.people.permissions import ACTIONS, may, roles_of

__all__ = ["Held", "Me", "me", "router"]

router = Router(tags=["me"])


class Held(Schema):
    """A role."""

    role: str
    scope: str
    """Public id of the one app or connector, or empty."""


class Me(Schema):
    """Who asks."""

    id: str
    name: str
    email: str
    roles: list[Held]
    actions: list[str]
    """What this key or session may do to anything at all."""
    scopes: list[str] | None
    """Of the API key; null for a session."""
    last_login: datetime | None


@router.get("", response=answers(Me))
def me(request: HttpRequest) -> Me:
    """Who I am here, and what I may do."""
    actor = actor_of(request)
    user = User.objects.get(pk=actor.user or 0)
    return Me(
        id=user.public_id,
        name=user.name,
        email=user.email,
        roles=[Held(role=role, scope=scope) for role, scope in sorted(roles_of(actor))],
        actions=[action for action in ACTIONS if may(actor, action)],
        scopes=sorted(actor.scopes) if actor.scopes is not None else None,
        last_login=user.last_login,
    )
