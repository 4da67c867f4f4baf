"""Small c1z files for tests: people, groups and roles in, a file out. Not a test itself."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from google.protobuf.any_pb2 import Any

from rolecall.baton import ids
from rolecall.baton.c1z import envelope, schema
from rolecall.baton.c1z.times import to_text
from rolecall.baton.proto._generated.c1.connector.v2.annotation_trait_pb2 import UserTrait
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceType

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TRAITS = {
    "user": ResourceType.TRAIT_USER,
    "group": ResourceType.TRAIT_GROUP,
    "role": ResourceType.TRAIT_ROLE,
}


def stored(message):
    """The bytes as writers store them."""
    return message.SerializeToString(deterministic=True)


def a_person(ident, name, email, *, more=(), status=1, title=""):
    """A user resource as new writers store it: profile and status in both places."""
    trait = UserTrait(login=email)
    trait.emails.add(address=email, is_primary=True)
    for address in more:
        trait.emails.add(address=address)
    trait.status.status = status
    resource = Resource(display_name=name)
    resource.id.resource_type, resource.id.resource = "user", ident
    for profile in (trait.profile, resource.profile):
        profile["email"] = email
        profile["workspace_role"] = "member"
        if title:
            profile["title"] = title
    resource.status.status = status
    annotation = Any()
    annotation.Pack(trait)
    resource.annotations.append(annotation)
    return resource


def in_old_style(resource):
    """The same as writers before July 2026 stored it: only the trait tells."""
    resource.ClearField("profile")
    resource.ClearField("status")
    return resource


def a_thing(kind, ident, name):
    """A group or role resource."""
    resource = Resource(display_name=name)
    resource.id.resource_type, resource.id.resource = kind, ident
    return resource


class Scene:
    """A database that grows sync by sync, and becomes a file."""

    def __init__(self, folder):
        self.database = folder / "scene.db"
        self.connection = sqlite3.connect(self.database)
        schema.create_tables(self.connection)
        schema.create_indices(self.connection)
        self.count = 0

    def sync(self, resources, holds, *, kind="full", finished=True, token="", types=tuple(TRAITS)):
        """Add a sync: resources, and who holds what as (user id, type, id, slug)."""
        began = START + timedelta(days=self.count)
        self.count += 1
        sync_id = ids.ksuid(began, bytes([self.count]) * 16)
        at = to_text(began)
        self.now = (sync_id, at)
        put = self.connection.execute
        for name in types:
            row = ResourceType(id=name, display_name=name.title(), traits=[TRAITS[name]])
            put(
                "insert into v1_resource_types values (null, ?, ?, ?, ?)",
                (name, stored(row), sync_id, at),
            )
        for resource in resources:
            name = f"{resource.id.resource_type}:{resource.id.resource}"
            put(
                "insert into v1_resources values (null, ?, ?, null, null, ?, ?, ?)",
                (resource.id.resource_type, name, stored(resource), sync_id, at),
            )
        for entitlement in sorted({hold[1:] for hold in holds}):
            self.entitle(*entitlement)
        for hold in holds:
            self.grant(*hold)
        put(
            "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type)"
            " values (?, ?, ?, ?, ?)",
            (sync_id, at, to_text(began + timedelta(minutes=5)) if finished else None, token, kind),
        )
        return sync_id

    def entitle(self, kind, ident, slug):
        """Add an entitlement."""
        row = Entitlement(id=ids.entitlement_id(kind, ident, slug), slug=slug)
        self.connection.execute(
            "insert into v1_entitlements values (null, ?, ?, ?, ?, ?, ?)",
            (kind, ident, row.id, stored(row), *self.now),
        )

    def grant(self, who, kind, ident, slug):
        """Add a grant to a user."""
        held = ids.entitlement_id(kind, ident, slug)
        row = Grant(id=ids.grant_id(held, "user", who))
        row.entitlement.id = held
        row.principal.id.resource_type, row.principal.id.resource = "user", who
        self.connection.execute(
            "insert into v1_grants values (null, ?, ?, ?, 'user', ?, ?, null, 0, ?, ?, ?)",
            (kind, ident, held, who, row.id, stored(row), *self.now),
        )

    def file(self, path):
        """Pack what is there."""
        self.connection.commit()
        envelope.pack(self.database, path)
        return path

    def close(self):
        """Close the database."""
        with closing(self.connection):
            self.connection.commit()


ANA = a_person("u1", "Ana Lopez", "ana@acme.test", more=["ana.lopez@old.test"], title="Lead")
BOB = in_old_style(a_person("u2", "Bob Kim", "bob@acme.test"))
CEM = a_person("u3", "Cem Aydin", "cem@acme.test", status=2)
DESIGN = a_thing("group", "g1", "Design")
EMPTY = a_thing("group", "g2", "Empty")
OWNER = a_thing("role", "owner", "Workspace owner")
MEMBER = a_thing("role", "member", "Member")
THINGS = [DESIGN, EMPTY, OWNER, MEMBER]
HOLDS = [
    ("u1", "role", "owner", "assigned"),
    ("u2", "role", "member", "assigned"),
    ("u3", "role", "member", "assigned"),
    ("u2", "group", "g1", "member"),
    ("u3", "group", "g1", "member"),
]
