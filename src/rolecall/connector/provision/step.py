"""What a change comes to, worked out before it is made: the sentence, the requests, the way back.

Values only; `operations` makes them, `settle` carries them out, the journal keeps them.
"""

from typing import Literal

import msgspec

from rolecall.notion.changes import Change
from rolecall.notion.model import Group, Member

__all__ = ["Already", "Membership", "Person", "State", "Step", "Undo"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A member as it was, as far as it takes to bring them back."""

    id: str
    user_name: str
    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    role: str = ""

    @classmethod
    def of(cls, member: Member) -> "Person":
        """What we keep of a member."""
        return cls(
            id=member.id,
            user_name=member.user_name,
            display_name=member.display_name,
            given_name=member.given_name,
            family_name=member.family_name,
            role=member.role or "",
        )

    def __str__(self) -> str:
        if self.display_name and self.display_name != self.user_name:
            return f"{self.display_name} <{self.user_name}>"
        return self.user_name


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A group, and which of its members matter here."""

    id: str
    name: str
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, group: Group) -> "Membership":
        """What we keep of a group: all of it."""
        return cls(id=group.id, name=group.name, members=group.members or ())


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What Notion shows of all that an operation is about, read at one moment.

    A person or group that does not exist is simply not in it.
    """

    people: tuple[Person, ...] = ()
    groups: tuple[Membership, ...] = ()
    attributes: dict[str, object] = msgspec.field(default_factory=dict)
    """Further attributes of the one person, by SCIM name, as Notion shows them."""

    def person(self, user_id: str) -> Person | None:
        """A member by id."""
        return next((one for one in self.people if one.id == user_id), None)

    def group(self, group_id: str) -> Membership | None:
        """A group by id."""
        return next((one for one in self.groups if one.id == group_id), None)


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is a way back."""

    how: Literal["exactly", "equivalently", "not"]
    why: str = ""
    """What will differ, or why there is none."""


class Already(msgspec.Struct, frozen=True, kw_only=True):
    """It is so already; nothing is sent."""

    says: str
    differs: tuple[str, ...] = ()
    """Where what is there differs from what was asked, in words."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change, worked out against a state."""

    says: str
    """One sentence: who, what."""

    done: str = ""
    """The same once it is so, with what was there before."""

    before: str
    after: str
    changes: tuple[Change, ...]
    """The requests, in order."""

    undo: Undo
    people: tuple[str, ...] = ()
    """Ids (or e-mails, before there is an id) of those whose access changes."""

    takes_owner: str = ""
    """Id of the person who stops being a workspace owner by it."""

    removes: str = ""
    """Id of the person who leaves the workspace by it."""
