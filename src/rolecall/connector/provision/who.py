"""Who and what is meant: people, groups and entitlements by the words that people use.

Looks in Notion, never in a file, so that nobody is changed on the strength of an old list. Guesses
nothing: two candidates are an error that lists both, and a near miss is only a suggestion.
"""

import difflib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from rolecall.connector.provision.step import Person
from rolecall.connector.resources import ASSIGNED, GROUP, MEMBER, ROLE
from rolecall.errors import Gone, Invalid
from rolecall.notion.model import WORKSPACE_ROLES, Group, Member

__all__ = ["Absent", "Directory", "GroupMeant", "Lookup", "Meant", "RoleMeant", "role_of"]

MANY: Final = 12
"""From so many people on, one listing is cheaper than a question for each."""

LISTED: Final = 8
"""Candidates and suggestions that are named."""


class Directory(Protocol):
    """What finding needs of Notion."""

    async def member(self, user_id: str) -> Member | None:
        """A member by id; None if there is none."""

    async def member_called(self, user_name: str) -> Member | None:
        """A member by e-mail; None if there is none."""

    async def everybody(self) -> list[Member]:
        """All members."""

    async def group(self, group_id: str) -> Group | None:
        """A group by id; None if there is none."""

    async def groups_called(self, name: str) -> list[Group]:
        """The groups of exactly this name."""

    async def every_group(self) -> list[Group]:
        """All groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Nobody, or no group: the words are an address, id or name that Notion does not know."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMeant:
    """A group."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleMeant:
    """A workspace role."""

    id: str


Meant = RoleMeant | GroupMeant


class Lookup:
    """Finds who and what is meant.

    Remembers what it found, for names only: whoever changes something looks again.

    Args:
        directory: Notion.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._everybody: list[Member] | None = None
        self._people: dict[str, Person | Absent] = {}
        self._groups: dict[str, GroupMeant | Absent] = {}

    async def prepare(self, words: Iterable[str]) -> None:
        """Read everybody at once if so many are asked for that this is cheaper."""
        if len({word.strip().casefold() for word in words} - {""}) >= MANY:
            await self._all()

    async def person(self, word: str) -> Person | Absent:
        """The member with this id, e-mail address or exact name.

        Returns:
            Absent if the word is an id or an address and no member has it.

        Raises:
            Invalid: the name belongs to several members; all are listed.
            Gone: no member has this name; near misses are named.
        """
        word = word.strip()
        if not word:
            raise Invalid("Nobody is named.", hint="Give an e-mail address or id.")
        key = word.casefold()
        if key not in self._people:
            member = await self._member(word)
            self._people[key] = Person.of(member) if member else Absent(word=word)
        return self._people[key]

    async def group(self, word: str) -> GroupMeant | Absent:
        """The group with this id or exact name.

        Raises:
            Invalid: several groups have this name; all are listed.
        """
        word = word.strip()
        if not word:
            raise Invalid("No group is named.", hint="Give its name or id.")
        if word not in self._groups:
            group = await self._group(word)
            meant = GroupMeant(id=group.id, name=group.name) if group else Absent(word=word)
            self._groups[word] = meant
        return self._groups[word]

    async def entitlement(self, word: str) -> Meant | Absent:
        """What can be held: `owner`, `role:owner`, `group:Design`, a name, or Baton's id of it.

        Raises:
            Invalid: no such role, or the word means a role and a group.
        """
        kind, colon, rest = word.strip().partition(":")
        if colon and kind.casefold() == ROLE:
            return RoleMeant(id=role_of(rest.removesuffix(f":{ASSIGNED}")))
        if colon and kind.casefold() == GROUP:
            short = rest.removesuffix(f":{MEMBER}")
            if short != rest and _is_id(short):  # Baton's id of a group's entitlement
                return await self.group(short)
            return await self.group(rest)
        role = _role(word)
        group = await self.group(word)
        if role and isinstance(group, GroupMeant):
            raise Invalid(
                f"{word!r} is a role and a group.", hint=f"Write role:{word} or group:{word}."
            )
        return RoleMeant(id=role) if role else group

    async def suggestion(self, word: str, *, roles: bool = False) -> str:
        """A sentence that names groups, and roles if wanted, that are spelled alike, or ""."""
        names = [one.name for one in await self._directory.every_group()]
        names += [role.id for role in WORKSPACE_ROLES] if roles else []
        return _alike(word, names)

    async def _member(self, word: str) -> Member | None:
        if self._everybody is not None:
            return self._among(self._everybody, word)
        if _is_id(word):
            return await self._directory.member(word)
        if "@" in word:
            return await self._directory.member_called(word)
        return self._among(await self._all(), word)

    async def _all(self) -> list[Member]:
        if self._everybody is None:
            self._everybody = await self._directory.everybody()
        return self._everybody

    def _among(self, everybody: list[Member], word: str) -> Member | None:
        wanted = " ".join(word.split()).casefold()
        exactly = [one for one in everybody if wanted in _addresses(one)]
        found = exactly or [one for one in everybody if _name(one) == wanted]
        if len(found) > 1:
            raise Invalid(
                f"{word!r} means {len(found)} members: {_listed(found)}.",
                hint="Use the e-mail address or id.",
            )
        if not found and not _is_id(word) and "@" not in word:
            raise Gone(
                f"No member has {word!r} as id, e-mail address or name.",
                hint=_alike(word, [one.display_name for one in everybody])
                or "`show accounts` lists everybody of the last sync.",
            )
        return found[0] if found else None

    async def _group(self, word: str) -> Group | None:
        if _is_id(word) and (group := await self._directory.group(word)):
            return group
        found = await self._directory.groups_called(word)
        if len(found) > 1:
            listed = ", ".join(f"{one.name} ({one.id})" for one in found[:LISTED])
            raise Invalid(f"{word!r} means {len(found)} groups: {listed}.", hint="Use the id.")
        return found[0] if found else None


def role_of(word: str) -> str:
    """The id of a workspace role, by id or name; case does not matter.

    Raises:
        Invalid: there is no such role.
    """
    role = _role(word)
    if not role:
        known = ", ".join(role.id for role in WORKSPACE_ROLES)
        raise Invalid(f"Notion has no role {word!r}.", hint=f"There are {known}.")
    return role


def _role(word: str) -> str:
    wanted = word.strip().casefold()
    known = (one.id for one in WORKSPACE_ROLES if wanted in {one.id, one.name.casefold()})
    return next(known, "")


def _is_id(word: str) -> bool:
    try:
        uuid.UUID(word)
    except ValueError:
        return False
    return True


def _addresses(member: Member) -> set[str]:
    own = {member.id, member.user_name, *(one.address for one in member.emails)}
    return {one.casefold() for one in own}


def _name(member: Member) -> str:
    return " ".join(member.display_name.split()).casefold()


def _listed(found: list[Member]) -> str:
    named = [f"{Person.of(one)} ({one.id})" for one in found[:LISTED]]
    more = [f"and {len(found) - LISTED} more"] if len(found) > LISTED else []
    return ", ".join([*named, *more])


def _alike(word: str, names: Iterable[str]) -> str:
    known = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold(), known, n=3)
    return f"Did you mean {', or '.join(known[one] for one in near)}?" if near else ""
