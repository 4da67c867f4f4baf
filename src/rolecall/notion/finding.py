"""Find single members and groups as they are now, for whoever is about to change them.

Every question goes to Notion; nothing is remembered between two of them. What does not exist is
None, so that "gone" is a state to reason about and no exception.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, Generic, TypeVar

import msgspec

from rolecall.errors import Gone, NotionBroken
from rolecall.notion import scim
from rolecall.notion.client import Client
from rolecall.notion.model import Group, Member
from rolecall.notion.workspace import ScimWorkspace

__all__ = ["Finder"]

Record = TypeVar("Record", Member, Group)


class Finder:
    """Looks at single records.

    Args:
        client: the connection.
        workspace: for whole listings, where there is no other way.
    """

    def __init__(self, client: Client, workspace: ScimWorkspace) -> None:
        self._client = client
        self._workspace = workspace

    async def member(self, user_id: str) -> Member | None:
        """A member by id; None if there is none (Notion: N-077).

        Raises:
            BadRecord: the record is unusable.
        """
        try:
            return await self._workspace.member(user_id)
        except Gone:
            return None

    async def member_called(self, user_name: str) -> Member | None:
        """A member by e-mail (Notion: N-043, N-044); None if there is none.

        Notion may or may not find a secondary address this way (Notion: N-049).
        """
        found = await self._client.get(
            scim.users_path(),
            lambda body: scim.users_page(body, start=1),
            asked_for=f"the member {user_name}",
            params={"filter": f"email eq {_quoted(user_name.lower())}", "count": 2},
        )
        wanted = user_name.casefold()
        for row in found.rows:
            if isinstance(row, Member) and wanted in {e.address.casefold() for e in row.emails}:
                return row
        return None

    async def attributes(self, user_id: str) -> dict[str, Any]:
        """A member's whole record as Notion sends it; empty if there is none."""
        try:
            return await self._client.get(
                scim.users_path(user_id), _record, asked_for=f"the member {user_id}"
            )
        except Gone:
            return {}

    async def group(self, group_id: str) -> Group | None:
        """A group with its members; None if there is none.

        Raises:
            BadRecord: the record is unusable.
        """
        try:
            return await self._workspace.group(group_id)
        except Gone:
            return None

    async def groups_called(self, name: str) -> list[Group]:
        """The groups of exactly this name (Notion: N-046)."""
        found = await self._client.get(
            scim.groups_path(),
            lambda body: scim.groups_page(body, start=1),
            asked_for=f"the group {name}",
            params={"filter": f"displayName eq {_quoted(name)}", "count": scim.MAX_PAGE},
        )
        return [row for row in found.rows if isinstance(row, Group) and row.name == name]

    async def groups_of(self, user_id: str) -> list[Group]:
        """All groups that a member is in; a user record does not say (Notion: N-065).

        Raises:
            Unfinished: it could not be proved that every group was seen.
        """
        gathered = _InGroups(user_id)
        await self._workspace.groups(gathered, dice=Random(user_id))  # noqa: S311 - a sample
        return gathered.found

    async def owners(self) -> list[str]:
        """Ids of all workspace owners.

        Raises:
            Unfinished: it could not be proved that every member was seen.
        """
        gathered = _Owners()
        await self._workspace.members(gathered)
        return gathered.found

    async def everybody(self) -> list[Member]:
        """All members with a usable record, for names and for many people at once.

        Raises:
            Unfinished: it could not be proved that everybody was seen.
        """
        gathered = _All[Member]()
        await self._workspace.members(gathered)
        return gathered.found

    async def every_group(self) -> list[Group]:
        """All groups whose members Notion tells.

        Raises:
            Unfinished: it could not be proved that every group was seen.
        """
        gathered = _All[Group]()
        await self._workspace.groups(gathered, dice=Random(0))  # noqa: S311 - a sample
        return gathered.found

    async def count(self) -> int:
        """How many members the workspace has."""
        return await self._workspace.count(scim.users_path())


class _All(Generic[Record]):
    """Sink that keeps everything."""

    def __init__(self) -> None:
        self.found: list[Record] = []

    async def restart(self) -> None:
        self.found.clear()

    def expect(self, total: int) -> None:
        """Nobody watches."""

    async def take(self, records: Sequence[Record]) -> None:
        self.found += records


class _InGroups:
    """Sink that keeps the groups of one member."""

    def __init__(self, user_id: str) -> None:
        self._user_id = user_id
        self.found: list[Group] = []

    async def restart(self) -> None:
        self.found.clear()

    def expect(self, total: int) -> None:
        """Nobody watches."""

    async def take(self, records: Sequence[Group]) -> None:
        self.found += [group for group in records if self._user_id in (group.members or ())]


class _Owners:
    """Sink that keeps the ids of active owners."""

    def __init__(self) -> None:
        self.found: list[str] = []

    async def restart(self) -> None:
        self.found.clear()

    def expect(self, total: int) -> None:
        """Nobody watches."""

    async def take(self, records: Sequence[Member]) -> None:
        self.found += [one.id for one in records if one.role == "owner" and one.active]


def _quoted(value: str) -> str:
    """A string of the filter language (RFC 7644 §3.4.2.2)."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _record(body: bytes | bytearray) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotionBroken(f"A record from Notion is damaged ({error}).") from error
