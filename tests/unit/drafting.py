"""A draft in a folder of the test, and what is put into it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rolecall.baton.c1z.draft import MAX_AGE, Draft, Resume
from rolecall.baton.c1z.folder import WorkFolder
from rolecall.baton.c1z.syncs import SyncRun
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    Resource,
    ResourceId,
    ResourceType,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_resume(**more: Any) -> Resume:
    """What a run at noon says about itself."""
    return Resume(**{"config": "c", "boot": "b", "not_before": NOON - MAX_AGE, **more})


def a_draft(target: Path, sync_id: str = "s1", **more: Any) -> Draft:
    """A new draft."""
    run = SyncRun(sync_id=sync_id, started_at=NOON, **more)
    return Draft.begin(WorkFolder.claim(target), run, a_resume())


def a_user(user_id: str) -> Resource:
    """An account."""
    return Resource(id=ResourceId(resource_type="user", resource=user_id))


def an_entitlement(group_id: str = "g") -> Entitlement:
    """Membership of a group."""
    of = Resource(id=ResourceId(resource_type="group", resource=group_id))
    return Entitlement(id=f"group:{group_id}:member", resource=of)


def fill(draft: Draft, *users: str, phase: str = "all", group: str = "g") -> None:
    """Users, a group, and that they are in it."""
    with draft.phase(phase):
        draft.add_resource_types([ResourceType(id="user"), ResourceType(id="group")])
        draft.add_resources([*map(a_user, users), an_entitlement(group).resource])
        draft.add_entitlements([an_entitlement(group)])
        draft.add_grants(an_entitlement(group), "user", users)
