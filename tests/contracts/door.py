"""Baton's door to changes at a simulator: a desk, a controller's messages, and a sync."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from notion_sim import Simulator
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import ksuid
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import (
    Grant,
    GrantManagerServiceGrantRequest,
    GrantManagerServiceRevokeRequest,
)
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceId
from rolecall.connector.job import Access, Job, Travel, connect, run
from rolecall.connector.provision.journal import locked_journal
from rolecall.connector.provision.settle import Desk
from rolecall.connector.resources import ROLE_ENTITLEMENTS, group_entitlement, group_resource
from rolecall.connector.source import Reporter
from rolecall.notion.client import Patience
from rolecall.notion.finding import Finder
from rolecall.notion.model import Group
from rolecall.notion.workspace import ScimWorkspace

T = TypeVar("T")
Asks = Callable[[Any], Awaitable[T]]

QUICK = Travel(
    requests_per_second=0,
    timeout_s=5,
    patience=Patience(attempts=4, total_s=5, first_wait_s=0.01, longest_wait_s=0.05),
)


def now() -> datetime:
    """The real clock: the journal's hour is not what these tests are about."""
    return datetime.now(UTC)


def new_id() -> str:
    """As the command makes them."""
    return ksuid(now(), os.urandom(16))


@dataclass(kw_only=True)
class Door:
    """A controller's view of one workspace."""

    sim: Simulator
    folder: Path
    requests: int = 0
    """What the last piece of work asked of Notion."""

    def at(self, work: Callable[[Desk], Awaitable[T]], **facts: Any) -> T:
        """Do one piece of work at a desk of its own."""
        return asyncio.run(self._at(work, facts))

    async def _at(self, work: Callable[[Desk], Awaitable[T]], facts: dict[str, Any]) -> T:
        access = Access(url=self.sim.scim_url, token=self.sim.scim_token)
        async with connect(access, QUICK, now) as client:
            finder = Finder(client, ScimWorkspace(client, notice=lambda _: None))
            with locked_journal(self.folder / "journal") as journal:
                desk = Desk(
                    eyes=finder,
                    hands=client,
                    journal=journal,
                    now=now,
                    new_id=new_id,
                    actor="a controller",
                    workspace=access.url,
                )
                try:
                    return await work(replace(desk, **facts))
                finally:
                    self.requests = client.counters.requests

    def synced(self) -> set[str]:
        """The ids of all grants, by a full sync."""
        target = self.folder / "sync.c1z"
        job = Job(
            target=target,
            scim=Access(url=self.sim.scim_url, token=self.sim.scim_token),
            travel=QUICK,
        )
        world = Surroundings(now=now, new_id=new_id, boot="", log=lambda _message, **_facts: None)
        nobody = Reporter(log=world.log, warn=world.log, tick=lambda *_: None)
        asyncio.run(run(job, world, nobody, seed=Random(7).getrandbits(32)))
        with open_c1z(target) as reader:
            return {one.id for one in reader.grants(reader.sync().sync_id)}

    def member(self, role: str = "member", nth: int = 0) -> str:
        """The id of somebody of a role."""
        return str([m["id"] for m in self.sim.state()["members"] if m["role"] == role][nth])

    def role_of(self, user: str) -> str:
        """The role of a member in the simulator; "" if they are none."""
        return next((m["role"] for m in self.sim.state()["members"] if m["id"] == user), "")

    def group(self, nth: int = 0) -> Group:
        """A group as it is in the simulator."""
        found = self.sim.state()["groups"][nth]
        return Group(id=found["id"], name=found["name"], members=tuple(found["members"]))


def user(user_id: str, name: str = "") -> Resource:
    """A principal."""
    return Resource(id=ResourceId(resource_type="user", resource=user_id), display_name=name)


def role(name: str) -> Entitlement:
    """Holding a role, whole."""
    return ROLE_ENTITLEMENTS[name]


def membership(group: Group) -> Entitlement:
    """Being in a group, whole."""
    return group_entitlement(group_resource(group))


def granting(entitlement: Entitlement, user_id: str) -> GrantManagerServiceGrantRequest:
    """A controller's wish."""
    return GrantManagerServiceGrantRequest(entitlement=entitlement, principal=user(user_id))


def revoking(entitlement: Entitlement, user_id: str) -> GrantManagerServiceRevokeRequest:
    """The opposite."""
    held = Grant(
        entitlement=entitlement, principal=user(user_id), id=f"{entitlement.id}:user:{user_id}"
    )
    return GrantManagerServiceRevokeRequest(grant=held)


def named(annotations: Any) -> list[str]:
    """The names of annotations."""
    return [str(one.TypeName()).rpartition(".")[2] for one in annotations]
