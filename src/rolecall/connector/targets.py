"""A targeted sync: only the named accounts, groups and roles, and whom they refer to.

The result is `partial` by intention. A target that does not exist is named as missing, never
passed over in silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from rolecall.baton.c1z.draft import Draft
from rolecall.baton.engine import Phase
from rolecall.baton.ids import ResourceBid, parse_bid
from rolecall.connector import resources as baton
from rolecall.connector.source import Reporter
from rolecall.errors import BadConfig, BadRecord, Gone, Invalid
from rolecall.notion.model import WORKSPACE_ROLES, Group, Member
from rolecall.notion.reading import each
from rolecall.notion.workspace import ScimWorkspace

__all__ = ["Target", "TargetSource", "parse_targets"]

_FORMS: Final = "Write bid:r:user/ID, bid:r:group/ID or bid:r:role/ID."
_ROLES: Final = {role.id: role for role in WORKSPACE_ROLES}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """One resource to sync."""

    type: str
    id: str


def parse_targets(bids: Iterable[str]) -> tuple[Target, ...]:
    """Read Baton ids such as ``bid:r:user/6f0c…``.

    Raises:
        BadConfig: one is not the id of a user, group or role.
    """
    found = set()
    for bid in bids:
        found.add(_target(bid))
    return tuple(sorted(found))


def _target(text: str) -> Target:
    try:
        bid = parse_bid(text)
    except Invalid as error:
        raise BadConfig(f"--sync-resources: {error.what}", hint=_FORMS) from error
    if not isinstance(bid, ResourceBid) or bid.type_id not in baton.TYPES:
        raise BadConfig(f"--sync-resources: {text!r} is no user, group or role.", hint=_FORMS)
    if bid.type_id == baton.ROLE and bid.id not in _ROLES:
        raise BadConfig(f"--sync-resources: Notion has no role {bid.id!r}.")
    return Target(type=bid.type_id, id=bid.id)


@dataclass(slots=True)
class _Found:
    """What has been read, by id, so that nobody is written twice."""

    members: dict[str, Member] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


class TargetSource:
    """The phases of a targeted sync.

    Args:
        workspace: SCIM.
        targets: what to read.
        report: told what happens.
        workers: requests under way at once.
    """

    def __init__(
        self,
        workspace: ScimWorkspace,
        targets: tuple[Target, ...],
        *,
        report: Reporter,
        workers: int = 8,
    ) -> None:
        self._workspace = workspace
        self._targets = targets
        self._report = report
        self._workers = workers

    def phases(self) -> tuple[Phase, ...]:
        """One phase: a targeted sync is too small to be resumed in parts."""
        return (Phase(name="targets", read=self._read),)

    async def _read(self, draft: Draft, missing: list[str]) -> None:
        found = _Found()
        await each(self._of(baton.GROUP), lambda i: self._group(i, found), workers=self._workers)
        people = {m for group in found.groups.values() for m in group.members or ()}
        people.update(self._of(baton.USER))
        await each(sorted(people), lambda i: self._member(i, found), workers=self._workers)
        await draft.aside(lambda: self._write(draft, found))
        missing += sorted(found.lost)
        self._report.log("Synced targets", users=len(found.members), groups=len(found.groups))

    def _of(self, resource_type: str) -> list[str]:
        return [target.id for target in self._targets if target.type == resource_type]

    async def _group(self, group_id: str, found: _Found) -> None:
        try:
            group = await self._workspace.group(group_id)
        except (Gone, BadRecord) as error:
            found.lost.append(f"The group {group_id}: {error.what}")
            return
        if group.members is None:
            found.lost.append(f"Notion does not tell the members of the group {group.name}.")
        found.groups[group_id] = group

    async def _member(self, user_id: str, found: _Found) -> None:
        try:
            found.members[user_id] = await self._workspace.member(user_id)
        except (Gone, BadRecord) as error:
            found.lost.append(f"The member {user_id}: {error.what}")

    def _write(self, draft: Draft, found: _Found) -> None:
        draft.add_resource_types(baton.resource_types())
        draft.add_resources(baton.user_resource(member) for member in found.members.values())
        held = {member.role for member in found.members.values()} | set(self._of(baton.ROLE))
        for role in (_ROLES[one] for one in sorted(_ROLES) if one in held):
            entitlement = baton.ROLE_ENTITLEMENTS[role.id]
            draft.add_resources([baton.role_resource(role)])
            draft.add_entitlements([entitlement])
            holders = [m.id for m in found.members.values() if m.role == role.id]
            draft.add_grants(entitlement, baton.USER, holders)
        for group in found.groups.values():
            resource = baton.group_resource(group)
            entitlement = baton.group_entitlement(resource)
            draft.add_resources([resource])
            draft.add_entitlements([entitlement])
            present = [m for m in group.members or () if m in found.members]
            draft.add_grants(entitlement, baton.USER, present)
