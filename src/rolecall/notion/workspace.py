"""A Notion workspace as it can be read: by SCIM, or by the public API where there is only a key.

Owns which requests answer which question, and when a group's listed members are to be trusted.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from rolecall.errors import BadRecord, Gone, Unfinished
from rolecall.notion import rest, scim
from rolecall.notion.client import Client
from rolecall.notion.model import Bot, Group, Member
from rolecall.notion.reading import Listed, Listing, Notice, Sink, each

__all__ = ["GroupsRead", "RestWorkspace", "ScimWorkspace"]

Record = TypeVar("Record", Member, Group)
_Fetch = Callable[[int, int], Awaitable[scim.Page[Group]]]

LARGEST: Final = 3
"""Groups whose listed members are compared with their own record, and one random group."""

LOOKS: Final = 2
"""How often listing and record are read again before they are said to disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsRead(Listed):
    """All groups with their members, as far as Notion told them."""

    untold: tuple[str, ...] = ()
    """Names of groups whose members Notion does not tell; never taken as empty."""

    singly: bool = False
    """Whether the listing's members were not to be trusted and each group was read by itself."""


class ScimWorkspace:
    """A workspace read through SCIM.

    Args:
        client: the connection.
        workers: requests under way at once.
        page_size: rows to ask for at once, 2 to 100.
        notice: told what did not go smoothly.
    """

    def __init__(
        self, client: Client, *, workers: int = 8, page_size: int = scim.MAX_PAGE, notice: Notice
    ) -> None:
        self._client = client
        self._workers = workers
        self._size = page_size
        self._notice = notice

    async def members(self, sink: Sink[Member]) -> Listed:
        """Every member, guests not being members (Notion: N-071).

        Raises:
            Unfinished: it could not be proved that everybody was seen.
        """
        return await self._listing("members", self._users_page, sink).read()

    async def groups(self, sink: Sink[Group], *, dice: Random) -> GroupsRead:
        """Every group with its members; the sink gets none whose members are unknown.

        Raises:
            Unfinished: it could not be proved that every group was seen.
        """
        told = _Told(sink, dice)
        listed = await self._listing("groups", told.noting(self._groups_page), told).read()
        differs = await self._differs(told)
        if differs:
            self._notice(f"The listing and the group {differs} disagree; reading every group.")
            await sink.restart()
        wanted = listed.ids - {row.id for row in listed.bad} if differs else told.silent
        bad, untold = list(listed.bad), list[str]()

        async def one(group_id: str) -> None:
            try:
                group = await self.group(group_id)
            except Gone:
                return  # deleted since it was listed
            except BadRecord as error:
                bad.append(error)
                return
            if group.members is None:
                untold.append(group.name)
            await sink.take([group] if group.members is not None else [])

        await each(sorted(wanted), one, workers=self._workers)
        return GroupsRead(
            ids=listed.ids, bad=tuple(bad), untold=tuple(sorted(untold)), singly=bool(differs)
        )

    async def member(self, user_id: str) -> Member:
        """One member as of now.

        Raises:
            Gone: no (longer a) member.
            BadRecord: the record is unusable.
        """
        return await self._client.get(
            scim.users_path(user_id),
            lambda body: scim.one_member(body, user_id),
            asked_for=f"the member {user_id}",
        )

    async def group(self, group_id: str) -> Group:
        """One group as of now.

        Raises:
            Gone: it does not exist (any more).
            BadRecord: the record is unusable.
        """
        return await self._client.get(
            scim.groups_path(group_id),
            lambda body: scim.one_group(body, group_id),
            asked_for=f"the group {group_id}",
        )

    async def count(self, path: str) -> int:
        """How many rows a listing has; the cheapest question that needs a valid token."""
        page = await self._client.get(
            path,
            lambda body: scim.users_page(body, start=1),
            asked_for=f"the number of {path.strip('/').lower()}",
            params={"startIndex": 1, "count": 1},
        )
        return page.total

    def _listing(
        self,
        what: str,
        fetch: Callable[[int, int], Awaitable[scim.Page[Record]]],
        sink: Sink[Record],
    ) -> Listing[Record]:
        return Listing(
            what=what,
            fetch=fetch,
            sink=sink,
            workers=self._workers,
            size=self._size,
            notice=self._notice,
        )

    async def _users_page(self, start: int, count: int) -> scim.Page[Member]:
        return await self._client.get(
            scim.users_path(),
            lambda body: scim.users_page(body, start=start),
            asked_for=f"the members from {start} on",
            params={"startIndex": start, "count": count},
        )

    async def _groups_page(self, start: int, count: int) -> scim.Page[Group]:
        return await self._client.get(
            scim.groups_path(),
            lambda body: scim.groups_page(body, start=start),
            asked_for=f"the groups from {start} on",
            params={"startIndex": start, "count": count},
        )

    async def _differs(self, told: "_Told") -> str:
        """The name of a sampled group whose own record has other members than the listing."""
        found = []

        async def one(sample: tuple[str, int]) -> None:
            try:
                group = await self.group(sample[0])
                if _mark(group) != sample[1] and await self._still_differs(group, told):
                    found.append(group.name)
            except (Gone, BadRecord):
                return

        await each(told.samples(), one, workers=self._workers)
        return min(found, default="")

    async def _still_differs(self, group: Group, told: "_Told") -> bool:
        """Whether the listing does not show what the group has, or the group has only changed."""
        for _ in range(LOOKS):
            page = await self._groups_page(told.places[group.id], self._size)
            listed = [row for row in page.rows if isinstance(row, Group) and row.id == group.id]
            own = _mark(await self.group(group.id))
            if own is not None and any(_mark(row) == own for row in listed):
                return False
        return True


def _mark(group: Group) -> int | None:
    return None if group.members is None else _fingerprint(group.members)


def _fingerprint(members: tuple[str, ...]) -> int:
    return hash(frozenset(members))


class _Told:
    """Passes on groups with members, remembers those without, and picks samples to check."""

    def __init__(self, sink: Sink[Group], dice: Random) -> None:
        self._sink = sink
        self._dice = dice
        self._forget()

    def _forget(self) -> None:
        self.silent: set[str] = set()
        self.places: dict[str, int] = {}
        self._seen = 0
        self._largest: list[tuple[int, str, int]] = []
        self._random: tuple[str, int] | None = None

    def noting(self, fetch: _Fetch) -> _Fetch:
        """The same pages, and note on which of them each group stands."""

        async def fetched(start: int, count: int) -> scim.Page[Group]:
            page = await fetch(start, count)
            self.places.update((row.id, start) for row in page.rows)
            return page

        return fetched

    async def restart(self) -> None:
        self._forget()
        await self._sink.restart()

    def expect(self, total: int) -> None:
        self._sink.expect(total)

    async def take(self, records: Sequence[Group]) -> None:
        told = [group for group in records if group.members is not None]
        self.silent.update(group.id for group in records if group.members is None)
        for group in told:
            self._sample(group.id, group.members or ())
        await self._sink.take(told)

    def _sample(self, group_id: str, members: tuple[str, ...]) -> None:
        self._seen += 1
        if self._dice.randrange(self._seen) == 0:  # each group is equally likely to stay
            self._random = (group_id, _fingerprint(members))
        if len(self._largest) < LARGEST or len(members) > self._largest[-1][0]:
            self._largest.append((len(members), group_id, _fingerprint(members)))
            self._largest = sorted(self._largest, reverse=True)[:LARGEST]

    def samples(self) -> list[tuple[str, int]]:
        """Ids and fingerprints of the largest groups and a random one, each once."""
        picked = {group_id: mark for _, group_id, mark in self._largest}
        picked |= dict([self._random] if self._random else [])
        return sorted(picked.items())


class RestWorkspace:
    """A workspace read through the public API: accounts, and nothing else (Notion: N-146).

    Args:
        client: the connection.
        page_size: rows to ask for at once, 1 to 100.
        notice: told what did not go smoothly.
    """

    TRIES: Final = 5

    def __init__(self, client: Client, *, page_size: int = scim.MAX_PAGE, notice: Notice) -> None:
        self._client = client
        self._size = page_size
        self._notice = notice

    async def accounts(self, sink: Sink[Member | Bot]) -> Listed:
        """Every member and every bot.

        There is no total to compare with, and the order is not promised (Notion: N-140); so where
        there is more than one page, two readings in a row must show the same ids.

        Raises:
            Unfinished: no two readings were equal.
        """
        before: Listed | None = None
        for _ in range(self.TRIES):
            listed, pages = await self._once(sink)
            if pages == 1 or (before and before.ids == listed.ids):
                return listed
            if before:
                self._notice("Two readings of the users differ; reading once more.")
            before = listed
        raise Unfinished(
            "Not all users could be proved to be seen: no two readings were equal.",
            hint="Nothing was written. Try again at a quieter time.",
        )

    async def me(self) -> rest.Me:
        """Whose key this is."""
        return await self._client.get(rest.ME_PATH, rest.me, asked_for="the key's own user")

    async def first_page(self) -> int:
        """How many users the first page shows; needs the capability to read them."""
        return len((await self._page("")).rows)

    async def _once(self, sink: Sink[Member | Bot]) -> tuple[Listed, int]:
        await sink.restart()
        ids, bad, cursors = set[str](), list[BadRecord](), set[str]()
        cursor: str | None = ""
        while cursor is not None:
            if cursor in cursors:
                raise Unfinished("Notion's pages of users go in a circle.")
            cursors.add(cursor)
            page = await self._page(cursor)
            fresh = [row for row in page.rows if not row.id or row.id not in ids]
            ids.update(row.id for row in fresh if row.id)
            bad += [row for row in fresh if isinstance(row, BadRecord)]
            await sink.take([row for row in fresh if not isinstance(row, BadRecord)])
            cursor = page.next_cursor
        return Listed(ids=ids, bad=tuple(bad)), len(cursors)

    async def _page(self, cursor: str) -> rest.UsersPage:
        return await self._client.get(
            rest.USERS_PATH,
            rest.users_page,
            asked_for="the users",
            params={"page_size": self._size, **({"start_cursor": cursor} if cursor else {})},
        )
