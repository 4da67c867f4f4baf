"""Granting and revoking workspace roles: every member has exactly one (Notion: N-101)."""

from typing import Final

from rolecall.connector.provision.operations.base import Look, Operation, one_member
from rolecall.connector.provision.step import Already, Person, State, Step, Undo
from rolecall.errors import Gone, Invalid, Refused
from rolecall.notion import changes
from rolecall.notion.model import WORKSPACE_ROLES

__all__ = ["FLOOR", "OWNER", "GrantRole", "RevokeRole", "may_be_owner", "role_name"]

OWNER: Final = "owner"
FLOOR: Final = "restricted_member"
"""The role that is left when one is taken away."""

_ROLES: Final = {role.id: role.name for role in WORKSPACE_ROLES}


def role_name(role: str) -> str:
    """What people call a role.

    Raises:
        Invalid: Notion has no such role.
    """
    if role not in _ROLES:
        raise Invalid(f"Notion has no role {role!r}.", hint=f"There are {', '.join(_ROLES)}.")
    return _ROLES[role]


def _role_step(person: Person, role: str, says: str) -> Step:
    was = _ROLES.get(person.role, person.role or "without a role")
    return Step(
        says=says,
        done=f"{person} is now {_ROLES[role]} (was {was}).",
        before=f"role {person.role or 'unknown'}",
        after=f"role {role}",
        changes=(changes.set_role(person.id, role),),
        undo=Undo(how="exactly")
        if person.role in _ROLES
        else Undo(how="not", why="the old role is unknown"),
        people=(person.id,),
        takes_owner=person.id if role != OWNER and may_be_owner(person) else "",
    )


def may_be_owner(person: Person) -> bool:
    """Whether they are, or Notion does not show the role (Notion: N-062)."""
    return person.role in {OWNER, ""}


class _Role(Operation, frozen=True, kw_only=True):
    """Granting and revoking have this in common."""

    user_id: str
    role: str

    async def look(self, notion: Look) -> State:
        """The member."""
        return await one_member(notion, self.user_id)

    def back(self, was: State, people: tuple[str, ...], made: str) -> tuple[Operation, ...]:
        """The former role."""
        del people, made
        person = was.person(self.user_id)
        if person is None or not person.role:
            raise Invalid("The journal does not know the former role.")
        return (GrantRole(user_id=self.user_id, role=person.role),)


class GrantRole(_Role, frozen=True, kw_only=True, tag="grant_role"):
    """Give a member a workspace role, in place of the one they have."""

    def step(self, state: State) -> Step | Already:
        """Replace the role, unless it is held."""
        name = role_name(self.role)
        person = state.person(self.user_id)
        if person is None:
            raise Gone(
                f"{self.user_id} is no member of the workspace.",
                hint="Add the account first; guests must be added as members.",
            )
        if person.role == self.role:
            return Already(says=f"{person} is {name} already.")
        return _role_step(person, self.role, f"{person} becomes {name}.")


class RevokeRole(_Role, frozen=True, kw_only=True, tag="revoke_role"):
    """Take a workspace role away: the member is restricted member afterwards."""

    def step(self, state: State) -> Step | Already:
        """Downgrade to the floor, unless the role is not held (any more)."""
        name = role_name(self.role)
        person = state.person(self.user_id)
        if person is None:
            return Already(says=f"{self.user_id} is no member, and so not {name}.")
        if not person.role:
            raise Refused(
                f"Notion does not show the role of {person}, so nobody can say whether it is "
                f"{name}.",
                hint="Grant the role that they shall have; that replaces whatever they hold.",
            )
        if person.role != self.role:
            has = _ROLES.get(person.role, person.role)
            return Already(says=f"{person} is not {name} but {has}.")
        if self.role == FLOOR:
            raise Refused(
                f"{person} is Restricted Member, the least that a member can be.",
                hint="To take the rest away, remove the account from the workspace.",
            )
        return _role_step(person, FLOOR, f"{person} is no longer {name}, but {_ROLES[FLOOR]}.")
