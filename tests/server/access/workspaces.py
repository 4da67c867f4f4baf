"""Workspaces as plain values, and the `.c1z` files that our connector's writer makes of them."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from rolecall.baton.c1z.draft import MAX_AGE, Draft, Resume
from rolecall.baton.c1z.folder import WorkFolder
from rolecall.baton.c1z.syncs import SyncRun
from rolecall.baton.ids import ksuid
from rolecall.connector import resources as baton
from rolecall.notion.model import WORKSPACE_ROLES, Email, Group, Member

MEMBERS_AFTER = timedelta(seconds=1)
GROUPS_AFTER = timedelta(seconds=2)
TYPES_AFTER = timedelta(seconds=3)
TAKES = timedelta(seconds=4)
"""When the parts of a sync are read, and how long all of it takes."""


@dataclass
class Someone:
    """A member of a workspace."""

    name: str = "Ana Costa"
    role: str = "member"
    email: str = ""
    title: str = ""
    more: tuple[str, ...] = ()

    def as_member(self, key: str) -> Member:
        """As the connector reads them."""
        email = self.email or f"{key}@acme.example"
        return Member(
            id=key,
            user_name=email,
            display_name=self.name,
            title=self.title,
            emails=tuple(Email(address=one, primary=one == email) for one in (email, *self.more)),
            role=self.role,
        )


@dataclass
class Workspace:
    """Who is there, and who is in which group; by ids."""

    members: dict[str, Someone] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def name(self, group: str) -> str:
        """What a group is called."""
        return self.names.get(group, f"Group {group}")


def a_workspace(members: Mapping[str, str], groups: Mapping[str, Collection[str]]) -> Workspace:
    """A workspace by ids: role of each member, members of each group."""
    return Workspace(
        members={key: Someone(name=f"Person {key}", role=role) for key, role in members.items()},
        groups={key: set(inside) for key, inside in groups.items()},
    )


def write(
    path: Path,
    workspace: Workspace,
    at: datetime,
    *,
    label: str = "full",
    types: Collection[str] = baton.TYPES,
    end: bool = True,
) -> Path:
    """A sync of a workspace that began `at`: a file with one sync in it."""
    path.unlink(missing_ok=True)
    run = SyncRun(sync_id=ksuid(at, os.urandom(16)), started_at=at, sync_type=label)
    resume = Resume(config="c", boot="b", not_before=at - MAX_AGE)
    draft = Draft.begin(WorkFolder.claim(path), run, resume)
    draft.discovered(at + MEMBERS_AFTER)
    with draft.phase("members"):
        _write_members(draft, workspace, types)
    draft.discovered(at + GROUPS_AFTER)
    with draft.phase("groups"):
        if baton.GROUP in types:
            _write_groups(draft, workspace)
    draft.discovered(at + TYPES_AFTER)
    with draft.phase("types"):
        draft.add_resource_types(baton.resource_types(types))
        if baton.ROLE in types:
            draft.add_resources(map(baton.role_resource, WORKSPACE_ROLES))
            draft.add_entitlements(baton.ROLE_ENTITLEMENTS.values())
    if end:
        draft.finish(at + TAKES, keep=1)
    else:
        draft.close()
        draft.folder.publish()
        draft.folder.remove()
    return path


def _write_members(draft: Draft, workspace: Workspace, types: Collection[str]) -> None:
    for key, one in workspace.members.items():
        draft.add_resources([baton.user_resource(one.as_member(key))])
        if baton.ROLE in types and one.role in baton.ROLE_ENTITLEMENTS:
            draft.add_grants(baton.ROLE_ENTITLEMENTS[one.role], baton.USER, [key])


def _write_groups(draft: Draft, workspace: Workspace) -> None:
    for key, inside in workspace.groups.items():
        group = Group(id=key, name=workspace.name(key), members=None)
        resource = baton.group_resource(group)
        entitlement = baton.group_entitlement(resource)
        draft.add_resources([resource])
        draft.add_entitlements([entitlement])
        draft.add_grants(entitlement, baton.USER, sorted(inside & set(workspace.members)))
