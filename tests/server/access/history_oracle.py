"""What must be known after any sequence of syncs and changes, in plain Python.

Keeps every fact with its intervals and replays the rules of design.md 4 one fact at a time; shares
nothing with the product, neither code nor SQL. Slow, small, and easy to believe.
"""

from dataclasses import dataclass, field
from datetime import datetime

from workspaces import GROUPS_AFTER, MEMBERS_AFTER, TAKES, Workspace

Fact = tuple[str, ...]
"""("account", who), ("role", who, role) or ("group", who, group)."""


@dataclass
class Interval:
    """From when to when a fact held, and when that was last said by somebody."""

    since: datetime
    until: datetime | None
    said: datetime
    by_sync: bool = True


@dataclass
class Oracle:
    """The history of one app."""

    known: dict[Fact, list[Interval]] = field(default_factory=dict)
    last: tuple[datetime, datetime] | None = None

    def at(self, moment: datetime) -> set[Fact]:
        """The facts that held at a moment."""
        return {
            fact
            for fact, intervals in self.known.items()
            if any(i.since <= moment and (i.until is None or i.until > moment) for i in intervals)
        }

    def refuses(self, at: datetime) -> bool:
        """Whether a sync that began then comes too late."""
        return self.last is not None and at < self.last[1]

    def sync(self, workspace: Workspace, at: datetime, complete: set[str], types: set[str]) -> None:
        """A sync that began `at` and read these types, some of them completely."""
        self.last = (at, at + TAKES)
        seen = _seen(workspace, types)
        read = {
            "account": at + MEMBERS_AFTER,
            "role": at + MEMBERS_AFTER,
            # Where there are no groups, nothing says when that was read, except the end.
            "group": at + (GROUPS_AFTER if workspace.groups else TAKES),
        }
        gone_since = {
            fact[1] for fact in self.known if fact[0] == "account" and self._taken_away(fact, at)
        }
        roles = {fact[1]: fact for fact in seen if fact[0] == "role"}
        for fact in [*self.known]:
            if fact in seen or not self._open(fact) or self._open(fact).said > at:
                continue
            replaced = fact[0] == "role" and fact[1] in roles
            if fact[0] in complete or replaced:
                self._close(fact, read[fact[0]], by_sync=True)
        for fact in sorted(seen):
            if self._open(fact) or fact[1] in gone_since or self._spoken_of(fact, at):
                continue
            self.known.setdefault(fact, []).append(
                Interval(since=read[fact[0]], until=None, said=read[fact[0]])
            )

    def change(self, fact: Fact, at: datetime, *, holds: bool) -> None:
        """Somebody saw to it that a fact holds, or no longer does, and has looked."""
        now_open = self._open(fact)
        if holds and not now_open:
            self.known.setdefault(fact, []).append(
                Interval(since=at, until=None, said=at, by_sync=False)
            )
        if not holds and now_open:
            self._close(fact, at, by_sync=False)

    def _open(self, fact: Fact) -> Interval | None:
        return next((i for i in self.known.get(fact, ()) if i.until is None), None)

    def _close(self, fact: Fact, at: datetime, *, by_sync: bool) -> None:
        interval = self._open(fact)
        interval.until, interval.said, interval.by_sync = at, at, by_sync

    def _taken_away(self, fact: Fact, at: datetime) -> bool:
        """Whether it was ended by somebody after a sync began, and does not hold."""
        return not self._open(fact) and any(
            not i.by_sync and i.until is not None and i.said > at for i in self.known[fact]
        )

    def _spoken_of(self, fact: Fact, at: datetime) -> bool:
        """Whether somebody changed it after a sync began; of roles: any role of that account."""
        about = [fact]
        if fact[0] == "role":
            about = [one for one in self.known if one[:2] == fact[:2]]
        said = [i for one in about for i in self.known.get(one, ()) if not i.by_sync]
        return any(i.said > at for i in said)


def _seen(workspace: Workspace, types: set[str]) -> set[Fact]:
    seen: set[Fact] = {("account", who) for who in workspace.members}
    if "role" in types:
        seen |= {("role", who, one.role) for who, one in workspace.members.items()}
    if "group" in types:
        for group, inside in workspace.groups.items():
            seen |= {("group", who, group) for who in inside if who in workspace.members}
    return seen
