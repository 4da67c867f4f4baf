"""Self-hosted connectors: the credentials by which they call, and the machines they run on."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id
from rolecall.server.connectors.models import Client, Host
from rolecall.server.connectors.services import clients
from rolecall.server.connectors.services.rows import allowed

__all__ = [
    "ClientOut",
    "HostOut",
    "Issued",
    "Rotation",
    "end_client",
    "list_clients",
    "list_hosts",
    "of_connectors",
    "rotate_client",
]

of_connectors = Router(tags=["connectors"])


class ClientOut(Schema):
    """A credential; never its secret."""

    id: str
    client_id: str
    made_at: datetime
    made_by: str
    ends_at: datetime | None
    used_at: datetime | None

    @staticmethod
    def resolve_id(row: Client) -> str:
        """The public one."""
        return row.public_id


class Issued(Schema):
    """A new credential: this is the only answer that has its secret."""

    id: str
    client_id: str
    client_secret: str


class Rotation(Schema):
    """How long the credentials before go on."""

    overlap_s: int = Field(0, ge=0, description="Seconds; 0 is: they end at once.")


class HostOut(Schema):
    """One machine on which the connector runs."""

    name: str
    version: str
    system: str
    capabilities: dict[str, Any]
    first_seen_at: datetime
    seen_at: datetime


@of_connectors.get("/{connector}/clients", response=answers(Page[ClientOut]))
def list_clients(request: HttpRequest, connector: Id, window: Asked[Window]) -> Cut[Client]:
    """The credentials of a self-hosted connector, also those that have ended."""
    found = allowed(actor_of(request), "connector:read", connector)
    return cut(found.clients.all(), window, newest_first=True)


@of_connectors.post("/{connector}/clients", response=answers(Issued, 201))
def rotate_client(
    request: HttpRequest, response: HttpResponse, connector: Id, said: Rotation
) -> Status[Issued]:
    """Make a new credential; its secret is in this answer, and nowhere else."""
    made = clients.rotate(
        actor_of(request), connector, overlap=timedelta(seconds=said.overlap_s), now=clock.now()
    )
    response["Cache-Control"] = "no-store"
    issued = Issued(
        id=made.client.public_id, client_id=made.client_id, client_secret=made.client_secret
    )
    return Status(201, issued)


@of_connectors.post("/{connector}/clients/{client}/end", response=answers(ClientOut))
def end_client(request: HttpRequest, connector: Id, client: Id) -> Client:
    """End a credential at once."""
    return clients.end(actor_of(request), connector, client, now=clock.now())


@of_connectors.get("/{connector}/hosts", response=answers(Page[HostOut]))
def list_hosts(request: HttpRequest, connector: Id, window: Asked[Window]) -> Cut[Host]:
    """The machines that called, in the order of their first call."""
    found = allowed(actor_of(request), "connector:read", connector)
    return cut(found.hosts.all(), window, by="name")
