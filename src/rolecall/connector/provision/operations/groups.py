"""Groups: their members, their names, their beginning and end."""

from typing import Final

import msgspec

from rolecall.connector.provision.operations.base import Look, Operation, one_group
from rolecall.connector.provision.step import Already, Membership, State, Step, Undo
from rolecall.errors import Conflict, Error, Gone, Invalid, NotAllowed
from rolecall.notion import changes

__all__ = ["AddToGroup", "CreateGroup", "DeleteGroup", "RemoveFromGroup", "RenameGroup"]

_EXACT: Final = Undo(how="exactly")


class _GroupMembers(Operation, frozen=True, kw_only=True):
    """Adding to and removing from a group have this in common."""

    group_id: str
    user_ids: tuple[str, ...]
    called: dict[str, str] = msgspec.field(default_factory=dict)
    """What to call the people and the group, by id; ids are shown where nothing is known."""

    async def look(self, notion: Look) -> State:
        """The group."""
        group = await notion.group(self.group_id)
        if group is None:
            return State()
        if group.members is None:
            raise NotAllowed(f"Notion does not tell the members of the group {group.name}.")
        return State(groups=(Membership.of(group),))

    def _batches(self, of: tuple[str, ...]) -> list[tuple[str, ...]]:
        size = changes.MEMBERS_AT_ONCE
        return [of[n : n + size] for n in range(0, len(of), size)]

    def _who(self, of: tuple[str, ...], one: str, many: str) -> str:
        """Who, with the verb."""
        if len(of) == 1:
            return f"{self.called.get(of[0], of[0])} {one}"
        return f"{len(of)} people {many}"

    def _group(self) -> str:
        return self.called.get(self.group_id, self.group_id)


class AddToGroup(_GroupMembers, frozen=True, kw_only=True, tag="add_to_group"):
    """Make members of the workspace members of a group."""

    def asks(self) -> str:
        """What it asks for, as far as that can be said without looking."""
        return f"{self._who(self.user_ids, 'joins', 'join')} the group {self._group()}."

    def step(self, state: State) -> Step | Already:
        """Add those who are not in it."""
        group = state.group(self.group_id)
        if group is None:
            raise Gone(f"There is no group {self._group()} (any more).")
        absent = tuple(dict.fromkeys(u for u in self.user_ids if u not in set(group.members)))
        if not absent:
            return Already(says=f"{self._who(self.user_ids, 'is', 'are')} in {group.name} already.")
        return Step(
            says=f"{self._who(absent, 'joins', 'join')} the group {group.name}.",
            done=f"{self._who(absent, 'is', 'are')} now in the group {group.name}.",
            before=f"{len(group.members)} members",
            after=f"{len(group.members) + len(absent)} members",
            changes=tuple(changes.add_members(group.id, some) for some in self._batches(absent)),
            undo=_EXACT,
            people=absent,
        )

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """Take out those who were added, and nobody else."""
        del was, made
        return (RemoveFromGroup(group_id=self.group_id, user_ids=people, called=self.called),)


class RemoveFromGroup(_GroupMembers, frozen=True, kw_only=True, tag="remove_from_group"):
    """End memberships of a group."""

    def step(self, state: State) -> Step | Already:
        """Remove those who are in it."""
        group = state.group(self.group_id)
        if group is None:
            return Already(says=f"There is no group {self._group()} (any more).")
        present = tuple(dict.fromkeys(u for u in self.user_ids if u in set(group.members)))
        if not present:
            return Already(says=f"{self._who(self.user_ids, 'is', 'are')} not in {group.name}.")
        return Step(
            says=f"{self._who(present, 'leaves', 'leave')} the group {group.name}.",
            done=f"{self._who(present, 'is', 'are')} no longer in the group {group.name}.",
            before=f"{len(group.members)} members",
            after=f"{len(group.members) - len(present)} members",
            changes=tuple(
                changes.remove_members(group.id, some) for some in self._batches(present)
            ),
            undo=_EXACT,
            people=present,
        )

    def damage(self, before: State, after: State) -> AddToGroup | None:
        """Put the others back if the removal emptied the group.

        An old library that Notion's server may still use drops all members (Notion: N-120).
        """
        was, is_now = before.group(self.group_id), after.group(self.group_id)
        if was is None or is_now is None or is_now.members:
            return None
        lost = tuple(one for one in was.members if one not in set(self.user_ids))
        if not lost:
            return None
        return AddToGroup(group_id=self.group_id, user_ids=lost, called=self.called)

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """Put back those who were taken out."""
        del was, made
        return (AddToGroup(group_id=self.group_id, user_ids=people, called=self.called),)


class CreateGroup(Operation, frozen=True, kw_only=True, tag="create_group"):
    """Make a group."""

    name: str

    async def look(self, notion: Look) -> State:
        """Groups of this name."""
        found = await notion.groups_called(self.name)
        return State(groups=tuple(Membership.of(group) for group in found))

    def step(self, state: State) -> Step | Already:
        """Make it, unless there is one of this name."""
        if not self.name.strip():
            raise Invalid("A group needs a name.")
        if state.groups:
            return Already(says=f"There is a group {self.name} already.")
        return Step(
            says=f"The group {self.name} is made.",
            done=f"There is a group {self.name} now.",
            before="no group",
            after="an empty group",
            changes=(changes.create_group(self.name),),
            undo=_EXACT,
        )

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """Delete it."""
        del was, people
        if not made:
            raise Invalid("There are several groups of that name, and which is ours is not known.")
        return (DeleteGroup(group_id=made),)


class RenameGroup(Operation, frozen=True, kw_only=True, tag="rename_group"):
    """Give a group another name."""

    group_id: str
    name: str

    async def look(self, notion: Look) -> State:
        """The group."""
        return await one_group(notion, self.group_id)

    def step(self, state: State) -> Step | Already:
        """Rename, unless it is called so."""
        group = state.group(self.group_id)
        if group is None:
            raise Gone(f"There is no group {self.group_id}.")
        if not self.name.strip():
            raise Invalid("A group needs a name.")
        if group.name == self.name:
            return Already(says=f"The group is called {self.name} already.")
        return Step(
            says=f"The group {group.name} is renamed to {self.name}.",
            done=f"The group is now called {self.name} (was {group.name}).",
            before=group.name,
            after=self.name,
            changes=(changes.rename_group(group.id, self.name),),
            undo=_EXACT,
        )

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """The former name."""
        del people, made
        return (RenameGroup(group_id=self.group_id, name=was.groups[0].name),)


class DeleteGroup(Operation, frozen=True, kw_only=True, tag="delete_group"):
    """Delete a group; all its memberships end."""

    group_id: str

    async def look(self, notion: Look) -> State:
        """The group with its members."""
        return await one_group(notion, self.group_id)

    def step(self, state: State) -> Step | Already:
        """Delete, unless it is gone."""
        group = state.group(self.group_id)
        if group is None:
            return Already(says=f"There is no group {self.group_id} (any more).")
        return Step(
            says=f"The group {group.name} is deleted, and its {len(group.members)} members "
            "lose what it gave them.",
            done=f"The group {group.name} is gone, with its {len(group.members)} memberships.",
            before=f"{len(group.members)} members",
            after="no group",
            changes=(changes.delete_group(group.id),),
            undo=Undo(how="equivalently", why="a new group of the same people; its pages are lost"),
            people=group.members,
        )

    def explain(self, problem: Error) -> Error:
        """Notion keeps a group that is the last to reach a page (Notion: N-113)."""
        if isinstance(problem, NotAllowed | Conflict):
            return NotAllowed(
                problem.what,
                hint="Notion does not delete a group that is the last to have full access to a "
                "page: give somebody else full access to it first.",
            )
        return problem

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """A new group of the same name and people."""
        del people, made
        group = was.groups[0]
        again = AddToGroup(group_id="", user_ids=group.members, called={"": group.name})
        return (CreateGroup(name=group.name), *((again,) if group.members else ()))
