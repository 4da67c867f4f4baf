"""What every operation can do, and how it looks at Notion."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from rolecall.connector.provision.step import Already, Membership, Person, State, Step
from rolecall.errors import Error, Refused
from rolecall.notion.model import Group, Member

__all__ = ["Look", "Operation", "one_group", "one_member"]


class Look(Protocol):
    """How an operation looks at Notion: uncached, by single records where possible."""

    async def member(self, user_id: str) -> Member | None:
        """A member by id; None if there is none."""

    async def member_called(self, user_name: str) -> Member | None:
        """A member by any of their e-mails; None if there is none."""

    async def attributes(self, user_id: str) -> Mapping[str, Any]:
        """A member's whole record as Notion sends it; empty if there is none."""

    async def group(self, group_id: str) -> Group | None:
        """A group with its members; None if there is none."""

    async def groups_called(self, name: str) -> list[Group]:
        """The groups of a name."""

    async def groups_of(self, user_id: str) -> list[Group]:
        """All groups that a member is in."""


class Operation(msgspec.Struct, frozen=True, kw_only=True, tag_field="operation"):
    """What all operations can do; see the classes below."""

    async def look(self, notion: Look) -> State:
        """What Notion shows of everything this is about."""
        raise NotImplementedError

    def step(self, state: State) -> Step | Already:
        """What it comes to.

        Raises:
            Refused: it cannot be done, whoever asks.
        """
        raise NotImplementedError

    def holds(self, state: State) -> bool:
        """Whether what was asked is so."""
        try:
            return isinstance(self.step(state), Already)
        except Refused:
            return False

    async def remember(self, notion: Look, state: State) -> State:
        """What the journal must keep for the way back, beyond what `look` saw."""
        del notion
        return state

    def damage(self, before: State, after: State) -> "Operation | None":
        """What mends it if the change did more than was asked; None if it did not."""
        del before, after
        return None

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple["Operation", ...]:
        """The operations that reverse this one, in order.

        Args:
            was: the state before it.
            people: whom it changed.
            made: id of what it made, if it made anything.

        Returns:
            In all but the first, an empty id stands for what the first one makes.

        Raises:
            Invalid: the way back is not known.
        """
        raise NotImplementedError

    def explain(self, problem: Error) -> Error:
        """A refusal of Notion in words that fit this operation."""
        return problem


async def one_member(notion: Look, user_id: str) -> State:
    """What Notion shows of one member."""
    member = await notion.member(user_id)
    return State(people=(Person.of(member),) if member else ())


async def one_group(notion: Look, group_id: str) -> State:
    """What Notion shows of one group, with its members."""
    group = await notion.group(group_id)
    return State(groups=(Membership.of(group),) if group else ())
