"""A little workspace, synced, equals the table of the Go connector, written by hand.

Whoever switches from the Go connector must see every id, text and profile key unchanged, or all
access looks new. Messages are compared whole, as protobuf's JSON.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from notion_sim import Options, Simulator
from rolecall.baton.c1z.reader import Reader, open_c1z
from rolecall.baton.engine import Surroundings
from rolecall.baton.proto._generated.c1.connector.v2 import (
    annotation_exclusion_group_pb2,
    annotation_resource_tree_pb2,
    annotation_trait_pb2,
)
from rolecall.connector.job import Access, Job, Travel, run
from rolecall.connector.source import Reporter

LOADED = (annotation_exclusion_group_pb2, annotation_resource_tree_pb2, annotation_trait_pb2)
"""Annotations can be shown as JSON only when their types are known."""

V2 = "type.googleapis.com/c1.connector.v2."
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
USER_TYPE = {
    "id": "user",
    "displayName": "User",
    "traits": ["TRAIT_USER"],
    "annotations": [{"@type": f"{V2}SkipEntitlements"}],
}
ROLES = {
    "owner": ("Owner", 4, True),
    "membership_admin": ("Membership Admin", 3, True),
    "member": ("Member", 2, False),
    "restricted_member": ("Restricted Member", 1, False),
}


@pytest.fixture(scope="module")
def workspace() -> Iterator[dict[str, Any]]:
    """One group, two people; what was synced, and who they are."""
    options = Options(users=1, groups=0, bots=0, seed=3, gaps_percent=0, profile="hidden")
    with Simulator(options) as sim:
        ana = sim.add_user("Ana@larkspur.example", name="Ana", role="membership_admin")
        bo = sim.add_user("bo@larkspur.example", name="Bo", role="member")
        ana_account = sim.world.accounts[ana]
        ana_account.formatted, ana_account.given, ana_account.family = "Ana López", "Ana", "López"
        ana_account.secondary = ("ana@home.example",)
        ana_account.fragment = None
        sim.switch("deactivated", "kept")
        sim.world.set_active(bo, active=False)
        group = sim.add_group("Design", [ana])
        yield {"sim": sim, "ana": ana, "bo": bo, "group": group}


@pytest.fixture(scope="module")
def synced(
    workspace: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Reader, str]]:
    """The file of a sync of it."""
    file = tmp_path_factory.mktemp("parity") / "sync.c1z"
    _sync(workspace["sim"], file)
    with open_c1z(file) as reader:
        yield reader, reader.sync().sync_id


def _sync(sim: Simulator, file: Path) -> None:
    def nothing(*_given: object, **_facts: object) -> None:
        """Nobody listens."""

    world = Surroundings(now=lambda: NOON, new_id=lambda: "s" * 27, boot="b", log=nothing)
    job = Job(
        target=file,
        scim=Access(url=sim.scim_url, token=sim.scim_token),
        travel=Travel(requests_per_second=0),
    )
    asyncio.run(run(job, world, Reporter(log=nothing, warn=nothing, tick=nothing), seed=1))


def plain(messages: Any) -> dict[str, dict[str, Any]]:
    """Messages as JSON, by id."""
    found = {}
    for message in messages:
        shown = json_format.MessageToDict(message)
        key = shown["id"] if isinstance(shown["id"], str) else ":".join(shown["id"].values())
        found[key] = shown
    return found


def test_the_types(synced: tuple[Reader, str]):
    """Three types with their traits and annotations."""
    reader, sync = synced

    assert plain(reader.resource_types(sync)) == {
        "group": {"id": "group", "displayName": "Group", "traits": ["TRAIT_GROUP"]},
        "role": {
            "id": "role",
            "displayName": "Role",
            "traits": ["TRAIT_ROLE", "TRAIT_LICENSE_PROFILE"],
            "annotations": [{"@type": f"{V2}SkipGrants"}],
        },
        "user": USER_TYPE,
    }


def test_a_user(synced: tuple[Reader, str], workspace: dict[str, Any]):
    """Profile keys, login, addresses and status; the trait's values stand on the resource, too."""
    reader, sync = synced
    profile = {
        "first_name": "Ana",
        "last_name": "López",
        "email": "ana@larkspur.example",
        "workspace_role": "membership_admin",
    }

    found = plain(reader.resources(sync, "user"))[f"user:{workspace['ana']}"]

    assert found == {
        "id": {"resourceType": "user", "resource": workspace["ana"]},
        "displayName": "Ana López",
        "profile": profile,
        "status": {"status": "RESOURCE_STATUS_ENABLED"},
        "annotations": [
            {
                "@type": f"{V2}UserTrait",
                "emails": [
                    {"address": "ana@larkspur.example", "isPrimary": True},
                    {"address": "ana@home.example"},
                ],
                "status": {"status": "STATUS_ENABLED"},
                "profile": profile,
                "accountType": "ACCOUNT_TYPE_HUMAN",
                "login": "ana@larkspur.example",
                "structuredName": {"givenName": "Ana", "familyName": "López"},  # an addition
            }
        ],
    }


def test_an_inactive_user(synced: tuple[Reader, str], workspace: dict[str, Any]):
    """`active: false` is disabled in both places."""
    reader, sync = synced

    found = plain(reader.resources(sync, "user"))[f"user:{workspace['bo']}"]

    assert found["status"] == {"status": "RESOURCE_STATUS_DISABLED"}
    assert found["annotations"][0]["status"] == {"status": "STATUS_DISABLED"}


def test_a_group(synced: tuple[Reader, str], workspace: dict[str, Any]):
    """Profile keys of a group, in the trait and on the resource."""
    reader, sync = synced
    profile = {"group_id": workspace["group"], "group_name": "Design"}

    assert plain(reader.resources(sync, "group")) == {
        f"group:{workspace['group']}": {
            "id": {"resourceType": "group", "resource": workspace["group"]},
            "displayName": "Design",
            "profile": profile,
            "annotations": [{"@type": f"{V2}GroupTrait", "profile": profile}],
        }
    }


def test_the_roles(synced: tuple[Reader, str]):
    """Each role with its profile, and as the licence that its holders use."""
    reader, sync = synced
    found = plain(reader.resources(sync, "role"))

    assert set(found) == {f"role:{role}" for role in ROLES}
    for role, (name, _, administrative) in ROLES.items():
        shown = found[f"role:{role}"]
        description = shown["profile"].get("description")
        profile = {"role_id": role, "description": description, "is_administrative": administrative}
        assert description
        assert shown == {
            "id": {"resourceType": "role", "resource": role},
            "displayName": name,
            "profile": profile,
            "annotations": [
                {"@type": f"{V2}RoleTrait", "profile": profile},
                {
                    "@type": f"{V2}LicenseProfileTrait",
                    "licenseName": name,
                    "entitlementIds": [f"role:{role}:assigned"],
                },
            ],
        }


def test_the_entitlements(synced: tuple[Reader, str], workspace: dict[str, Any]):
    """Slugs, texts, who can hold them, and the exclusion group with its order and default."""
    reader, sync = synced
    group = workspace["group"]
    found = plain(reader.entitlements(sync))

    assert set(found) == {f"group:{group}:member", *(f"role:{role}:assigned" for role in ROLES)}
    of_group = found[f"group:{group}:member"]
    assert of_group.pop("resource")["id"] == {"resourceType": "group", "resource": group}
    assert of_group == {
        "id": f"group:{group}:member",
        "displayName": "Design Group member",
        "description": "Member of Design Group in Notion",
        "grantableTo": [USER_TYPE],
        "purpose": "PURPOSE_VALUE_ASSIGNMENT",
        "slug": "member",
    }
    for role, (name, order, _) in ROLES.items():
        shown = found[f"role:{role}:assigned"]
        default = {"isDefault": True} if role == "restricted_member" else {}
        assert shown["displayName"] == f"{name} role assigned"
        assert (shown["slug"], shown["grantableTo"]) == ("assigned", [USER_TYPE])
        assert shown["purpose"] == "PURPOSE_VALUE_ASSIGNMENT"
        assert shown["annotations"] == [
            {
                "@type": f"{V2}EntitlementExclusionGroup",
                "exclusionGroupId": "notion-workspace-role",
                "order": order,
                **default,
            }
        ]


def test_the_grants(synced: tuple[Reader, str], workspace: dict[str, Any]):
    """Ids as Baton joins them; entitlement and principal as stubs."""
    reader, sync = synced
    ana, bo, group = workspace["ana"], workspace["bo"], workspace["group"]
    found = plain(reader.grants(sync))
    (owner,) = {one.rsplit(":", 1)[1] for one in found} - {ana, bo}

    assert set(found) == {
        f"group:{group}:member:user:{ana}",
        f"role:membership_admin:assigned:user:{ana}",
        f"role:member:assigned:user:{bo}",
        f"role:owner:assigned:user:{owner}",
    }
    assert found[f"group:{group}:member:user:{ana}"] == {
        "id": f"group:{group}:member:user:{ana}",
        "entitlement": {
            "id": f"group:{group}:member",
            "resource": {"id": {"resourceType": "group", "resource": group}},
        },
        "principal": {"id": {"resourceType": "user", "resource": ana}},
    }


def test_the_run(synced: tuple[Reader, str]):
    """A full sync with both times, statistics that are true, and no token left in it."""
    reader, sync = synced
    run_row = reader.sync()

    assert run_row.sync_type == "full"
    assert run_row.ended_at is not None
    assert run_row.ended_at - run_row.started_at < timedelta(minutes=1)
    assert run_row.stats == reader.counted(sync)
    assert run_row.supports_diff
    assert run_row.sync_token == ""
