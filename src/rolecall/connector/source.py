"""Notion as the phases of a sync: reads with `notion.workspace`, writes into a draft.

Owns the order (members, bots, groups, then roles and types) and what becomes of odd things: an
unknown role is kept as data and warned of; a group member who was never listed is looked up once.
Rows are made and written in the draft's own thread: whatever `Draft.aside` is given runs there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from rolecall.baton.c1z.draft import Draft
from rolecall.baton.engine import Log, Phase
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.connector import resources as baton
from rolecall.errors import BadRecord, Gone
from rolecall.notion.model import WORKSPACE_ROLES, Bot, Group, Member
from rolecall.notion.reading import each
from rolecall.notion.scim import groups_path, users_path
from rolecall.notion.workspace import RestWorkspace, ScimWorkspace

__all__ = ["Reporter", "RestSource", "ScimSource", "Tick"]

Tick = Callable[[str, int, int], None]
"""Told how far a listing is: what is listed, rows so far, rows to come (0 if unknown)."""


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Where a source tells what happens."""

    log: Log
    warn: Log
    tick: Tick


@dataclass(slots=True)
class _Accounts:
    """Sink of members and bots: accounts, and the roles that members hold."""

    draft: Draft
    report: Reporter
    wanted: Collection[str]
    keep: tuple[type, ...] = (Member,)
    count: int = 0
    bots: int = 0
    total: int = 0
    odd_roles: Counter[str] = field(default_factory=Counter)

    async def restart(self) -> None:
        self.count = self.bots = 0
        self.odd_roles.clear()
        await self.draft.aside(lambda: self.draft.drop(baton.USER, baton.ROLE))

    def expect(self, total: int) -> None:
        self.total = total

    async def take(self, records: Sequence[Member | Bot]) -> None:
        kept = [record for record in records if isinstance(record, self.keep)]
        self.count += len(kept)
        self.bots += sum(isinstance(record, Bot) for record in kept)
        await self.draft.aside(lambda: self._write(kept))
        self.report.tick("members", self.count, self.total)

    def _write(self, records: Sequence[Member | Bot]) -> None:
        self.draft.add_resources(baton.user_resource(record) for record in records)
        if baton.ROLE in self.wanted:
            self._roles([record for record in records if isinstance(record, Member)])

    def _roles(self, members: Sequence[Member]) -> None:
        holders = defaultdict[str, list[str]](list)
        for member in members:
            holders[member.role or ""].append(member.id)
        for role, ids in holders.items():
            if (entitlement := baton.ROLE_ENTITLEMENTS.get(role)) is not None:
                self.draft.add_grants(entitlement, baton.USER, ids)
            else:
                self.odd_roles[role] += len(ids)

    def tell(self) -> None:
        """Warn of roles that we do not know; they stay in the profile, without a grant."""
        for role, count in sorted(self.odd_roles.items()):
            what = f"the role {role!r}, which we do not know" if role else "no role at all"
            self.report.warn(
                f"{count} members have {what}: kept in the profile, not as a grant.",
                role=role,
                members=count,
            )


@dataclass(slots=True)
class _Groups:
    """Sink of groups: resources, entitlements, and the memberships of people who were listed."""

    draft: Draft
    report: Reporter
    people: set[str]
    grants: bool
    count: int = 0
    memberships: int = 0
    total: int = 0
    strangers: dict[str, list[Group]] = field(default_factory=dict)
    """Groups by the id of a member who was not listed as a member of the workspace."""

    async def restart(self) -> None:
        self.count = self.memberships = 0
        self.strangers.clear()
        await self.draft.aside(lambda: self.draft.drop(baton.GROUP))

    def expect(self, total: int) -> None:
        self.total = total

    async def take(self, records: Sequence[Group]) -> None:
        self.count += len(records)
        await self.draft.aside(lambda: self._write(records))
        self.report.tick("groups", self.count, self.total)

    def _write(self, records: Sequence[Group]) -> None:
        made = [baton.group_resource(group) for group in records]
        self.draft.add_resources(made)
        entitlements = [baton.group_entitlement(resource) for resource in made]
        self.draft.add_entitlements(entitlements)
        if self.grants:
            for group, entitlement in zip(records, entitlements, strict=True):
                self._members(group, entitlement)

    def _members(self, group: Group, entitlement: Entitlement) -> None:
        listed = group.members or ()
        known = [user_id for user_id in listed if user_id in self.people]
        self.memberships += len(known)
        self.draft.add_grants(entitlement, baton.USER, known)
        if len(known) != len(listed):
            name_only = Group(id=group.id, name=group.name, members=None)
            for user_id in listed:
                if user_id not in self.people:
                    self.strangers.setdefault(user_id, []).append(name_only)


class ScimSource:
    """The phases of a sync by SCIM.

    Args:
        workspace: SCIM.
        bots: the public API, if bots are wanted too.
        wanted: resource types to sync.
        dice: picks the group whose members are checked.
        report: told what happens.
        workers: requests under way at once.
    """

    def __init__(
        self,
        workspace: ScimWorkspace,
        *,
        bots: RestWorkspace | None,
        wanted: Collection[str],
        dice: Random,
        report: Reporter,
        workers: int,
    ) -> None:
        self._workspace = workspace
        self._bots = bots
        self._wanted = wanted
        self._dice = dice
        self._report = report
        self._workers = workers
        self.bots_found = 0
        """Accounts that are no people and take no seat."""

    def phases(self) -> tuple[Phase, ...]:
        """In order; types that are not wanted are not asked for."""
        found = []
        if baton.USER in self._wanted:
            found.append(Phase(name="members", read=self._members))
        if baton.USER in self._wanted and self._bots:
            found.append(Phase(name="bots", read=self._bot_accounts))
        if baton.GROUP in self._wanted:
            found.append(Phase(name="groups", read=self._groups))
        found.append(Phase(name="types", read=self._types))
        return tuple(found)

    async def still_true(self, draft: Draft) -> bool:
        """Whether Notion counts as many members, and groups, as an interrupted draft holds.

        One who left while another joined does not show. That is no untruth: the sync began with
        the interrupted run, and both belonged to the workspace since.
        """
        done = draft.progress.done
        if "members" not in done or "bots" in done:
            return "members" not in done
        listed = {baton.USER: users_path()} | (
            {baton.GROUP: groups_path()} if "groups" in done else {}
        )
        for kind, path in listed.items():
            held = await draft.aside(partial(draft.resource_ids, kind))
            if await self._workspace.count(path) != len(held):
                return False
        return True

    async def _members(self, draft: Draft, missing: list[str]) -> None:
        sink = _Accounts(draft, self._report, self._wanted)
        listed = await self._workspace.members(sink)
        missing += [str(bad) for bad in listed.bad]
        sink.tell()
        self._report.log("Synced resources", resource_type_id=baton.USER, count=sink.count)

    async def _bot_accounts(self, draft: Draft, missing: list[str]) -> None:
        if self._bots is None:
            return
        bots = list[Bot]()
        listed = await self._bots.accounts(_Collect(bots))
        missing += [str(bad) for bad in listed.bad]
        await draft.aside(lambda: draft.add_resources(map(baton.user_resource, bots)))
        self.bots_found = len(bots)
        self._report.log("Synced bots", count=len(bots))

    async def _groups(self, draft: Draft, missing: list[str]) -> None:
        people = await draft.aside(lambda: draft.resource_ids(baton.USER))
        sink = _Groups(draft, self._report, people, grants=baton.USER in self._wanted)
        read = await self._workspace.groups(sink, dice=self._dice)
        missing += [str(bad) for bad in read.bad]
        missing += [f"Notion does not tell the members of the group {g}." for g in read.untold]
        await _Strangers(self._workspace, draft, self._report, self._wanted).settle(
            sink.strangers, missing, workers=self._workers
        )
        self._report.log("Synced resources", resource_type_id=baton.GROUP, count=sink.count)
        self._report.log("Synced grants", resource_type_id=baton.GROUP, count=sink.memberships)

    async def _types(self, draft: Draft, missing: list[str]) -> None:  # noqa: ARG002 - a phase
        draft.add_resource_types(baton.resource_types(self._wanted))
        if baton.ROLE in self._wanted:
            draft.add_resources(baton.role_resource(role) for role in WORKSPACE_ROLES)
            draft.add_entitlements(baton.ROLE_ENTITLEMENTS.values())


@dataclass(slots=True)
class _Collect:
    """Sink that only gathers bots."""

    bots: list[Bot]

    async def restart(self) -> None:
        self.bots.clear()

    def expect(self, total: int) -> None:
        """Bots are few; nobody watches them come."""

    async def take(self, records: Sequence[Member | Bot]) -> None:
        self.bots += [record for record in records if isinstance(record, Bot)]


@dataclass(slots=True)
class _Strangers:
    """People in groups who were not listed: joined since, left since, or really odd."""

    workspace: ScimWorkspace
    draft: Draft
    report: Reporter
    wanted: Collection[str]

    async def settle(
        self, strangers: dict[str, list[Group]], missing: list[str], *, workers: int
    ) -> None:
        """Look each up once; add who is a member now, and name who is not but still listed."""
        accounts = _Accounts(self.draft, self.report, self.wanted)

        async def one(user_id: str) -> None:
            groups = strangers[user_id]
            try:
                member = await self.workspace.member(user_id)
            except Gone:
                missing.extend([line for g in groups if (line := await self._odd(user_id, g))])
                return
            except BadRecord as error:
                missing.append(str(error))
                return
            await accounts.take([member])
            await self.draft.aside(lambda: self._admit(user_id, groups))

        await each(sorted(strangers), one, workers=workers)
        if strangers:
            self.report.log("Looked up group members who were not listed", count=len(strangers))

    def _admit(self, user_id: str, groups: Sequence[Group]) -> None:
        for group in groups:
            entitlement = baton.group_entitlement(baton.group_resource(group))
            self.draft.add_grants(entitlement, baton.USER, [user_id])

    async def _odd(self, user_id: str, group: Group) -> str:
        """What to say if the group still names who is no member; "" if it no longer does."""
        try:
            again = await self.workspace.group(group.id)
        except Gone:
            return ""
        except BadRecord as error:
            return str(error)
        if user_id not in (again.members or ()):
            return ""
        return f"The group {group.name} names {user_id}, whom Notion does not know as a member."


class RestSource:
    """The phases of a sync by the public API: accounts only.

    Args:
        workspace: the public API.
        include_bots: whether integrations count as accounts.
        report: told what happens.
    """

    def __init__(self, workspace: RestWorkspace, *, include_bots: bool, report: Reporter) -> None:
        self._workspace = workspace
        self._keep = (Member, Bot) if include_bots else (Member,)
        self._report = report
        self.bots_found = 0
        """Accounts that are no people and take no seat."""

    def phases(self) -> tuple[Phase, ...]:
        """Accounts, then their type."""
        return (
            Phase(name="members", read=self._accounts),
            Phase(name="types", read=self._types),
        )

    async def still_true(self, draft: Draft) -> bool:
        """Never: without a total there is nothing cheap to compare an interrupted draft with."""
        del draft
        return False

    async def _accounts(self, draft: Draft, missing: list[str]) -> None:
        sink = _Accounts(draft, self._report, {baton.USER}, keep=self._keep)
        listed = await self._workspace.accounts(sink)
        self.bots_found = sink.bots
        missing += [str(bad) for bad in listed.bad]
        self._report.log("Synced resources", resource_type_id=baton.USER, count=sink.count)

    async def _types(self, draft: Draft, missing: list[str]) -> None:  # noqa: ARG002 - a phase
        draft.add_resource_types(baton.resource_types({baton.USER}))
