"""Who looks after a connector."""

from datetime import datetime

from django.db import transaction

from rolecall.errors import Invalid
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.services.rows import locked
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News, tell
from rolecall.server.people import owners as people
from rolecall.server.people.models import RoleAssignment, User

__all__ = ["appoint", "set_owners"]

_ROLE = RoleAssignment.Role.CONNECTOR_OWNER


@transaction.atomic
def set_owners(actor: Actor, connector_id: str, wanted: list[str], *, now: datetime) -> list[User]:
    """These users (public ids) look after it from now on, and nobody else.

    Whoever is new and not the actor gets a mail that asks for help.

    Raises:
        NotAllowed, Gone: as in `rows.locked`, or there is no such user.
        Invalid: nobody would look after it.
    """
    connector = locked(actor, "connector:owners", connector_id)
    return appoint(actor, connector, wanted, now)


def appoint(actor: Actor, connector: Connector, wanted: list[str], now: datetime) -> list[User]:
    """The same, for a use case that has asked for permission and locked the row."""
    users = people.chosen(wanted)
    if not users:
        raise Invalid("Somebody must look after a connector.", hint="Choose at least one owner.")
    for one in people.appoint(actor, _ROLE, connector, users, now=now):
        if one.pk != actor.user:
            _ask_for_help(actor, connector, one, now)
    return users


def _ask_for_help(actor: Actor, connector: Connector, owner: User, now: datetime) -> None:
    done = connector.last_success_at is not None
    need = (
        "It is connected; you will hear of it when it needs somebody."
        if done
        else "Your help is needed to finish its set-up: make a SCIM API token in Notion "
        "(an organization owner can: Settings, Identity, SCIM provisioning), "
        "open the page below, choose Settings, then Edit, paste the token, and save."
    )
    news = News(
        kind=Kind.OWNER,
        event=f"connector:owner:{connector.public_id}:{owner.public_id}:{now.isoformat()}",
        subject=f"{actor.name} made you an owner of the connector {connector.name}",
        text=f"{actor.name} made you an owner of the connector {connector.name} "
        f"of {connector.app.name}.\n\n{need}",
        link=f"/connectors/{connector.public_id}/",
    )
    tell(news, [owner], why=f"You get this because {actor.name} chose you.", now=now)
