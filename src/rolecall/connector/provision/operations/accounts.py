"""Accounts: people join the workspace, change, and leave it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rolecall.connector.provision.operations.base import Look, Operation, one_member
from rolecall.connector.provision.operations.groups import AddToGroup
from rolecall.connector.provision.operations.roles import may_be_owner, role_name
from rolecall.connector.provision.step import (
    Already,
    Membership,
    Person,
    State,
    Step,
    Undo,
)
from rolecall.errors import Conflict, Error, Gone, Invalid, NotAllowed, NotionBroken
from rolecall.notion import changes
from rolecall.notion.model import WORKSPACE_ROLES

__all__ = ["CreateAccount", "RemoveAccount", "UpdateAccount"]

_ROLES: Final = {one.id: one.name for one in WORKSPACE_ROLES}

_PROFILE: Final = frozenset(
    {"title", "phoneNumbers", "addresses", "roles", "locale", "preferredLanguage", "userType"}
    | {changes.ENTERPRISE_USER}
)
"""What Notion keeps of a profile (Notion: N-057 to N-060); `roles` is a text about their job."""


class CreateAccount(Operation, frozen=True, kw_only=True, tag="create_account"):
    """Make somebody a member, by their Notion account if they have one."""

    user_name: str
    role: str = "member"
    name: dict[str, str] = msgspec.field(default_factory=dict)
    """`formatted`, or `givenName` and `familyName`."""

    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    """Further attributes, by their SCIM names."""

    async def look(self, notion: Look) -> State:
        """The member with this e-mail, and what else is asked of them."""
        member = await notion.member_called(self.user_name)
        if member is None:
            return State()
        record = await notion.attributes(member.id) if self.extra else {}
        return State(people=(Person.of(member),), attributes=dict(record))

    def step(self, state: State) -> Step | Already:
        """Add, unless they are a member, whatever their role and name are then."""
        called = role_name(self.role)
        _insist_on_profile(self.extra, _PROFILE | {"photos"})
        if "@" not in self.user_name:
            raise Invalid(f"{self.user_name!r} is no e-mail address.")
        if state.people:
            person = state.people[0]
            differs = self._differs(person, state.attributes)
            return Already(says=f"{person} is a member already.", differs=differs)
        return Step(
            says=f"{self.user_name} joins the workspace as {called}.",
            done=f"{self.user_name} is now in the workspace, as {called}.",
            before="no member",
            after=f"role {self.role}",
            changes=(
                changes.create_user(
                    self.user_name.lower(), name=self.name, role=self.role, extra=self.extra
                ),
            ),
            undo=Undo(how="equivalently", why="the Notion account and the invitation remain"),
            people=(self.user_name.lower(),),
        )

    def explain(self, problem: Error) -> Error:
        """An address may be somebody's second one, by which Notion may not find them (N-049)."""
        if isinstance(problem, Conflict):
            return Conflict(
                problem.what,
                hint="The address may be another one of somebody who is a member already.",
            )
        return problem

    def _differs(self, person: Person, shown: Mapping[str, object]) -> tuple[str, ...]:
        wanted = self.name.get("formatted") or " ".join(
            part for key in ("givenName", "familyName") if (part := self.name.get(key, ""))
        )
        pairs = [("role", person.role, self.role), ("name", person.display_name, wanted)]
        for key, value in self.extra.items():
            if not _shows(shown.get(key), value):
                has = dict(_flat({key: _part(shown.get(key), value)}))
                pairs += [(what, has.get(what, ""), asked) for what, asked in _flat({key: value})]
        return tuple(
            f"{what} is {has or 'unknown'}, not {asked}"
            for what, has, asked in pairs
            if asked and has != asked
        )

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """Remove the account."""
        del was, people
        if not made:
            raise Invalid("The journal does not know the id of the account.")
        return (RemoveAccount(user_id=made),)


class RemoveAccount(Operation, frozen=True, kw_only=True, tag="remove_account"):
    """Remove a member from the workspace."""

    user_id: str

    async def look(self, notion: Look) -> State:
        """The member."""
        return await one_member(notion, self.user_id)

    async def remember(self, notion: Look, state: State) -> State:
        """Their groups too: a removal ends all memberships (Notion: N-115)."""
        groups = await notion.groups_of(self.user_id)
        kept = tuple(Membership(id=one.id, name=one.name) for one in groups)
        return State(people=state.people, groups=kept)

    def explain(self, problem: Error) -> Error:
        """Notion protects the maker of the token, and may protect the last owner."""
        if isinstance(problem, NotAllowed):
            return NotAllowed(
                problem.what,
                hint="Notion does not remove the maker of the token by that token, nor perhaps "
                "the last owner: an owner must do it in Notion.",
            )
        return problem

    def step(self, state: State) -> Step | Already:
        """Remove, unless they are gone."""
        person = state.person(self.user_id)
        if person is None:
            return Already(says=f"{self.user_id} is no member (any more).")
        return Step(
            says=f"{person} leaves the workspace; all sessions end, the Notion account remains.",
            done=f"{person} is no longer in the workspace (was {_role_called(person)}); all "
            "sessions ended, the Notion account itself remains.",
            before=f"role {person.role or 'unknown'}",
            after="no member",
            changes=(changes.remove_user(person.id),),
            undo=Undo(
                how="equivalently",
                why="invited anew with role and groups; private pages only within 30 days",
            )
            if person.role in {*_ROLES, ""}
            else Undo(how="not", why=f"{person.role} is no role that can be given"),
            people=(person.id,),
            takes_owner=person.id if may_be_owner(person) else "",
            removes=person.id,
        )

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """Invite them anew, with the former role and groups."""
        del people, made
        person = was.people[0]
        parts = {
            "givenName": person.given_name,
            "familyName": person.family_name,
            "formatted": "" if person.display_name == person.user_name else person.display_name,
        }
        name = {key: value for key, value in parts.items() if value}
        again = CreateAccount(user_name=person.user_name, role=person.role or "member", name=name)
        return (
            again,
            *(
                AddToGroup(
                    group_id=one.id, user_ids=("",), called={"": str(person), one.id: one.name}
                )
                for one in was.groups
            ),
        )


class UpdateAccount(Operation, frozen=True, kw_only=True, tag="update_account"):
    """Change attributes of a member."""

    user_id: str
    attributes: dict[str, Any]
    """By SCIM name; `name` is an object."""

    async def look(self, notion: Look) -> State:
        """The member's whole record."""
        record = dict(await notion.attributes(self.user_id))
        member = await notion.member(self.user_id) if record else None
        return State(people=(Person.of(member),) if member else (), attributes=record)

    def step(self, state: State) -> Step | Already:
        """Send what differs."""
        person = state.person(self.user_id)
        _insist_on_profile(self.attributes, _PROFILE | {"userName", "name", "emails"})
        if person is None:
            raise Gone(f"{self.user_id} is no member of the workspace.")
        differing = {
            key: value
            for key, value in self.attributes.items()
            if not _shows(state.attributes.get(key), value)
        }
        if not differing:
            return Already(says=f"{person} has all of that already.")
        known = {key: _part(state.attributes.get(key), value) for key, value in differing.items()}
        return Step(
            says=f"{person} gets another {_attributes(differing)}.",
            done=f"{person} now has: {_brief(differing)} (was: {_brief(known)}).",
            before=_brief(known),
            after=_brief(differing),
            changes=(changes.update_user(person.id, _whole(differing, state.attributes)),),
            undo=Undo(how="exactly")
            if all(value for _, value in _flat(known))
            else Undo(how="not", why="Notion shows no old value to go back to"),
            people=(person.id,),
        )

    def explain(self, problem: Error) -> Error:
        """An unverified domain (Notion: N-091), or an address that is taken (Notion: N-093)."""
        if isinstance(problem, NotionBroken) and {"userName", "emails"} & set(self.attributes):
            return Conflict(
                "Notion fails on this e-mail address, as it does when another account has it.",
                hint="Find out whose it is; an address belongs to one Notion account only.",
            )
        if isinstance(problem, NotAllowed | Invalid):
            return NotAllowed(
                problem.what,
                hint="Names and addresses can be changed only for people whose e-mail domain "
                "the organization has verified in Notion.",
            )
        return problem

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """The old values."""
        del people, made
        old = {key: was.attributes[key] for key in self.attributes if key in was.attributes}
        return (UpdateAccount(user_id=self.user_id, attributes=old),)


def _insist_on_profile(attributes: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse what is no profile: `active` would remove, and the extension would give a role."""
    if strange := sorted(set(attributes) - known):
        raise Invalid(
            f"{', '.join(strange)} cannot be changed this way.",
            hint=f"There are {', '.join(sorted(known))}; roles and removals have their own ways.",
        )


def _role_called(person: Person) -> str:
    return _ROLES.get(person.role, person.role)


def _whole(wanted: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What to send: objects with their other parts, as Notion may replace them (Notion: N-120).

    A formatted name is left out where only its parts change: it would contradict them (N-051).
    """
    found = dict(wanted)
    for key, value in wanted.items():
        rest = shown.get(key)
        if not isinstance(value, Mapping) or not isinstance(rest, Mapping) or "formatted" in value:
            continue
        found[key] = {part: one for part, one in rest.items() if part != "formatted"} | dict(value)
    return found


def _shows(shown: object, wanted: object) -> bool:
    """Whether what Notion shows contains what was asked."""
    if isinstance(wanted, Mapping):
        return isinstance(shown, Mapping) and all(
            _shows(shown.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, str) and isinstance(shown, str):
        return shown.casefold() == wanted.casefold() if "@" in wanted else shown == wanted
    return shown == wanted


def _part(shown: object, wanted: object) -> object:
    """Of what Notion shows, that which is asked to be otherwise."""
    if not isinstance(wanted, Mapping):
        return shown
    has = shown if isinstance(shown, Mapping) else {}
    return {key: _part(has.get(key), value) for key, value in wanted.items()}


def _attributes(values: Mapping[str, object]) -> str:
    """Their names as people know them: `department`, not the schema that it belongs to."""
    return ", ".join(sorted(key for key, _ in _flat(values)))


def _brief(values: Mapping[str, object]) -> str:
    """Values as one line."""
    return ", ".join(f"{key} {value or 'not shown'}" for key, value in sorted(_flat(values)))


def _flat(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Name and value of every leaf; of a list, what its entries hold."""
    found = list[tuple[str, str]]()
    for key, value in values.items():
        if isinstance(value, Mapping) and key != "manager":
            inner = _flat(value)
            found += [(f"name {k}", v) for k, v in inner] if key == "name" else inner
        else:
            found.append((key, _leaf(value)))
    return found


def _leaf(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("value") or value.get("formatted") or "")
    if isinstance(value, list):
        return " and ".join(_leaf(one) for one in value)
    return str(value or "")
