"""Users of this tool, their roles and keys."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.errors import Gone
from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.people import Why
from rolecall.server.api.values import Id, Line
from rolecall.server.people import apikeys, devices, joining, roles
from rolecall.server.people import users as use
from rolecall.server.people.models import ApiKey, RoleAssignment, Session, User
from rolecall.server.people.permissions import require

__all__ = [
    "Invitation",
    "KeyOut",
    "NameIn",
    "Owners",
    "RoleIn",
    "RoleOut",
    "SessionOut",
    "UserName",
    "UserOut",
    "activate",
    "assign_role",
    "deactivate",
    "end_key",
    "end_role",
    "end_session",
    "end_sessions",
    "get_user",
    "invite",
    "list_keys",
    "list_sessions",
    "list_users",
    "rename",
    "router",
]

router = Router(tags=["users"])


class UserName(Schema):
    """A user, from somewhere else."""

    id: str
    name: str
    email: str

    @staticmethod
    def resolve_id(row: User) -> str:
        """The public one."""
        return row.public_id


class Owners(Schema):
    """Who looks after it from now on."""

    owners: list[Id]


class RoleOut(Schema):
    """A role, from when to when."""

    role: str
    scope: str
    from_at: datetime
    granted_by: str
    until_at: datetime | None
    ended_by: str


class UserOut(Schema):
    """Somebody who logs in here."""

    id: str
    name: str
    email: str
    active: bool
    last_login: datetime | None
    created_at: datetime
    roles: list[RoleOut]

    @staticmethod
    def resolve_id(row: User) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_active(row: User) -> bool:
        """Whether they may log in."""
        return row.is_active

    @staticmethod
    def resolve_roles(row: User) -> list[RoleAssignment]:
        """Those that were, too."""
        return list(row.roles.all())


class KeyOut(Schema):
    """An API key; never the key itself."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    ended_at: datetime | None

    @staticmethod
    def resolve_id(row: ApiKey) -> str:
        """The public one."""
        return row.public_id


class SessionOut(Schema):
    """A browser in which a user is logged in."""

    id: str
    browser: str
    ip: str | None
    began_at: datetime
    seen_at: datetime
    """To a minute."""

    @staticmethod
    def resolve_id(row: Session) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_browser(row: Session) -> str:
        """As far as it says which one it is."""
        return devices.browser_name(row.browser)


class Invitation(Schema):
    """Whom to invite."""

    email: Line
    name: Line
    roles: list[Line] = Field(default_factory=list)


class RoleIn(Schema):
    """A role over everything."""

    role: Line


class NameIn(Schema):
    """Another name."""

    name: Line


def _rows() -> QuerySet[User]:
    return User.objects.prefetch_related("roles")


def _one(user: str) -> User:
    found = _rows().filter(public_id=user).first()
    if found is None:
        raise Gone("There is no such user.")
    return found


@router.get("", response=answers(Page[UserOut]))
def list_users(request: HttpRequest, window: Asked[Window]) -> Cut[User]:
    """All users."""
    require(actor_of(request), "user:read")
    return cut(_rows(), window)


@router.get("/{user}", response=answers(UserOut))
def get_user(request: HttpRequest, user: Id) -> User:
    """One user."""
    require(actor_of(request), "user:read")
    return _one(user)


@router.post("", response=answers(UserOut, 201))
def invite(request: HttpRequest, said: Invitation) -> Status[User]:
    """Invite somebody; the link goes out by mail, and is never answered here."""
    made, _link = joining.invite(
        actor_of(request), email=said.email, name=said.name, wanted=said.roles, now=clock.now()
    )
    return Status(201, _one(made.public_id))


@router.patch("/{user}", response=answers(UserOut))
def rename(request: HttpRequest, user: Id, said: NameIn) -> User:
    """Give a user another name."""
    use.rename(actor_of(request), user, said.name, now=clock.now())
    return _one(user)


@router.post("/{user}/roles", response=answers(UserOut))
def assign_role(request: HttpRequest, user: Id, said: RoleIn) -> User:
    """Give a user a role over everything."""
    roles.assign(actor_of(request), user, said.role, now=clock.now())
    return _one(user)


@router.delete("/{user}/roles/{role}", response=answers(UserOut))
def end_role(request: HttpRequest, user: Id, role: Line) -> User:
    """Take a role over everything from a user; never from the last super administrator."""
    roles.end(actor_of(request), user, role, now=clock.now())
    return _one(user)


@router.post("/{user}/deactivate", response=answers(UserOut))
def deactivate(request: HttpRequest, user: Id, why: Why) -> User:
    """Shut a user out at once."""
    joining.deactivate(actor_of(request), user, reason=why.reason, now=clock.now())
    return _one(user)


@router.post("/{user}/activate", response=answers(UserOut))
def activate(request: HttpRequest, user: Id) -> User:
    """Let a user in again."""
    joining.activate(actor_of(request), user, now=clock.now())
    return _one(user)


@router.post("/{user}/sessions/end", response=answers(UserOut))
def end_sessions(request: HttpRequest, user: Id) -> User:
    """Log a user out everywhere."""
    use.end_sessions(actor_of(request), user, now=clock.now())
    return _one(user)


@router.get("/{user}/sessions", response=answers(Page[SessionOut]))
def list_sessions(request: HttpRequest, user: Id) -> Cut[Session]:
    """Where a user is logged in, at most 100 browsers, the one used last first."""
    _own_or(request, user, "user:read")
    return Cut(items=devices.logged_in(_one(user), clock.now()), next=None)


@router.post("/{user}/sessions/{session}/end", response=answers(UserOut))
def end_session(request: HttpRequest, user: Id, session: Id) -> User:
    """Log a user out of one browser."""
    _own_or(request, user, "user:edit")
    devices.end(actor_of(request), user, session, now=clock.now())
    return _one(user)


@router.get("/{user}/keys", response=answers(Page[KeyOut]))
def list_keys(request: HttpRequest, user: Id, window: Asked[Window]) -> Cut[ApiKey]:
    """The API keys of a user, also those that have ended."""
    _own_or(request, user, "user:read")
    return cut(_one(user).api_keys.all(), window, newest_first=True)


@router.post("/{user}/keys/{key}/end", response=answers(KeyOut))
def end_key(request: HttpRequest, user: Id, key: Id) -> ApiKey:
    """End an API key."""
    _own_or(request, user, "user:edit")
    if not _one(user).api_keys.filter(public_id=key).exists():
        raise Gone("This user has no such key.")
    return apikeys.end(actor_of(request), key, now=clock.now())


def _own_or(request: HttpRequest, user: str, action: str) -> None:
    """Everybody's own keys are their own; those of others need `action`, whoever is there."""
    actor = actor_of(request)
    own = User.objects.filter(pk=actor.user or 0, public_id=user).exists()
    require(actor, "key:own" if own else action)
