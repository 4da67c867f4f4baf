"""From a wish in people's words to the operation that it means, or to why there is nothing to do.

An e-mail address or id that Notion does not know means "gone", so that taking access away twice is
harmless. A bare name that nobody has is a mistake, and is refused.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from rolecall.connector.provision.operations import (
    AddToGroup,
    AnyOperation,
    CreateAccount,
    CreateGroup,
    DeleteGroup,
    GrantRole,
    RemoveAccount,
    RemoveFromGroup,
    RenameGroup,
    RevokeRole,
    UpdateAccount,
)
from rolecall.connector.provision.step import Already, Person
from rolecall.connector.provision.who import (
    Absent,
    GroupMeant,
    Lookup,
    Meant,
    RoleMeant,
    role_of,
)
from rolecall.connector.provision.wish import Wish, account_attributes
from rolecall.errors import Gone

__all__ = ["Meaning", "meaning_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a wish comes to."""

    does: AnyOperation | Already
    notes: tuple[str, ...] = ()
    person: Person | None = None
    group: GroupMeant | None = None
    """Whom and which group it is about, as far as they exist."""


async def meaning_of(wish: Wish, lookup: Lookup) -> Meaning:
    """The operation that a wish means.

    Raises:
        Invalid: words are missing, wrong, or mean several people or groups.
        Gone: who or what is to be changed does not exist.
    """
    wish.check()
    return await _VERBS[wish.verb](wish, lookup)


async def _grant(wish: Wish, lookup: Lookup) -> Meaning:
    word = wish.words["entitlement"]
    meant = await lookup.entitlement(word)
    if isinstance(meant, Absent):
        raise await _neither(meant.word, lookup)
    return await _held(wish, meant, lookup)


async def _held(wish: Wish, meant: Meant, lookup: Lookup) -> Meaning:
    person = await lookup.person(wish.who)
    if isinstance(person, Absent):
        raise Gone(
            f"{person.word} is no member of the workspace.",
            hint="Add the account first (`account create`); guests are added as members.",
        )
    if isinstance(meant, RoleMeant):
        return _about(person, GrantRole(user_id=person.id, role=meant.id))
    called = {person.id: str(person), meant.id: meant.name}
    does = AddToGroup(group_id=meant.id, user_ids=(person.id,), called=called)
    return Meaning(does=does, person=person, group=meant)


async def _revoke(wish: Wish, lookup: Lookup) -> Meaning:
    word = wish.words["entitlement"]
    meant = await lookup.entitlement(word)
    if isinstance(meant, Absent):
        if not word.casefold().startswith("group:"):  # perhaps a misspelled role
            raise await _neither(meant.word, lookup)
        return await _no_group(meant.word, lookup)
    return await _taken(wish, meant, lookup)


async def _taken(wish: Wish, meant: Meant, lookup: Lookup) -> Meaning:
    person = await lookup.person(wish.who)
    if isinstance(person, Absent):
        says = f"{person.word} is no member of the workspace, and so holds nothing."
        return Meaning(does=Already(says=says))
    if isinstance(meant, RoleMeant):
        return _about(person, RevokeRole(user_id=person.id, role=meant.id))
    called = {person.id: str(person), meant.id: meant.name}
    does = RemoveFromGroup(group_id=meant.id, user_ids=(person.id,), called=called)
    return Meaning(does=does, person=person, group=meant)


async def _account_create(wish: Wish, lookup: Lookup) -> Meaning:
    del lookup  # the operation looks for the address itself
    attributes = account_attributes(wish.words)
    name = attributes.pop("name", {})
    role = role_of(wish.words.get("role", "member"))
    does = CreateAccount(user_name=wish.who, role=role, name=name, extra=attributes)
    return Meaning(does=does)


async def _account_update(wish: Wish, lookup: Lookup) -> Meaning:
    attributes = account_attributes(wish.words)
    person = await lookup.person(wish.who)
    if isinstance(person, Absent) and "email" in wish.words:  # perhaps changed before
        person = await lookup.person(wish.words["email"])
    if isinstance(person, Absent):
        raise Gone(f"{wish.who} is no member of the workspace.")
    return _about(person, UpdateAccount(user_id=person.id, attributes=attributes))


async def _account_remove(wish: Wish, lookup: Lookup) -> Meaning:
    person = await lookup.person(wish.who)
    if isinstance(person, Absent):
        return Meaning(does=Already(says=f"{person.word} is no member (any more)."))
    return _about(person, RemoveAccount(user_id=person.id))


async def _group_add(wish: Wish, lookup: Lookup) -> Meaning:
    return await _held(wish, await _group(wish, lookup), lookup)


async def _group_remove(wish: Wish, lookup: Lookup) -> Meaning:
    group = await lookup.group(wish.words["group"])
    if isinstance(group, Absent):
        return await _no_group(group.word, lookup)
    return await _taken(wish, group, lookup)


async def _group_create(wish: Wish, lookup: Lookup) -> Meaning:
    del lookup  # the operation looks for the name itself
    return Meaning(does=CreateGroup(name=wish.words["name"].strip()))


async def _group_rename(wish: Wish, lookup: Lookup) -> Meaning:
    name = wish.words["name"].strip()
    group = await lookup.group(wish.words["group"])
    if isinstance(group, Absent):
        if isinstance(await lookup.group(name), GroupMeant):
            says = f"There is no group {group.word}, and one is called {name} already."
            return Meaning(does=Already(says=says))
        raise await _unknown(group.word, lookup)
    return Meaning(does=RenameGroup(group_id=group.id, name=name), group=group)


async def _group_delete(wish: Wish, lookup: Lookup) -> Meaning:
    group = await lookup.group(wish.words["group"])
    if isinstance(group, Absent):
        return await _no_group(group.word, lookup)
    return Meaning(does=DeleteGroup(group_id=group.id), group=group)


async def _group(wish: Wish, lookup: Lookup) -> GroupMeant:
    group = await lookup.group(wish.words["group"])
    if isinstance(group, Absent):
        raise await _unknown(group.word, lookup)
    return group


async def _unknown(word: str, lookup: Lookup) -> Gone:
    return Gone(f"There is no group {word}.", hint=await lookup.suggestion(word))


async def _neither(word: str, lookup: Lookup) -> Gone:
    hint = await lookup.suggestion(word, roles=True)
    return Gone(f"There is no role and no group {word}.", hint=hint)


async def _no_group(word: str, lookup: Lookup) -> Meaning:
    """Nothing to take away, which is what was asked for; unless the name is misspelled."""
    alike = await lookup.suggestion(word)
    says = f"There is no group {word} (any more)."
    return Meaning(does=Already(says=says), notes=(alike,) if alike else ())


def _about(person: Person, does: AnyOperation) -> Meaning:
    return Meaning(does=does, person=person)


_VERBS: Final[dict[str, Callable[[Wish, Lookup], Awaitable[Meaning]]]] = {
    "grant": _grant,
    "revoke": _revoke,
    "account create": _account_create,
    "account update": _account_update,
    "account remove": _account_remove,
    "group add": _group_add,
    "group remove": _group_remove,
    "group create": _group_create,
    "group rename": _group_rename,
    "group delete": _group_delete,
}
