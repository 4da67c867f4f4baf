"""Who logs in here, and as what."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Gone
from rolecall.server import clock
from rolecall.server.audit.models import Event
from rolecall.server.people import apikeys as keys
from rolecall.server.people import factors, joining, roles, scopes, users
from rolecall.server.people.door import Request, page, status_of
from rolecall.server.people.models import RoleAssignment, User
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import Look, link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["activate", "again", "assign", "deactivate", "end_key", "end_role", "end_sessions",
           "invite", "listing", "rename", "user"]  # fmt: skip

_RECENT = 20
_ACTIVE = Look(word="Active", tone="good", icon="done")
_INVITED = Look(word="Invited", tone="idle", icon="clock")
_DEACTIVATED = Look(word="Deactivated", tone="warn", icon="pause")


def _look(one: User) -> Look:
    if not one.is_active:
        return _DEACTIVATED
    return _ACTIVE if one.last_login else _INVITED


def _roles(one: User) -> list[str]:
    held = [role for role in one.roles.all() if role.until_at is None]
    return list(dict.fromkeys(role.get_role_display() for role in held))


_TABLE: Table[User] = Table(
    noun="users",
    columns=(
        Column(
            name="name",
            label="User",
            value=lambda u: u.name,
            show=lambda u: link(u.name, reverse("people:user", args=(u.public_id,)), u.email),
            sort=("name",),
        ),
        Column(name="email", label="E-mail", value=lambda u: u.email, sort=("email",), usual=False),
        Column(
            name="status",
            label="Status",
            value=lambda u: _look(u).word,
            show=lambda u: status(_look(u)),
        ),
        Column(name="roles", label="Roles", value=_roles),
        Column(
            name="login",
            label="Last login",
            value=lambda u: u.last_login,
            show=lambda u: moment(u.last_login),
            sort=("last_login",),
        ),
    ),
    order="name",
    filters=(
        Filter(
            name="role",
            label="Role",
            narrow=lambda values: Q(
                pk__in=RoleAssignment.objects.filter(until_at=None, role__in=values).values("user")
            ),
            choices=tuple(Choice(value=one.value, label=one.label) for one in RoleAssignment.Role),
        ),
        Filter(
            name="active",
            label="Active",
            narrow=one_of("is_active"),
            choices=(Choice(value="True", label="Yes"), Choice(value="False", label="No")),
        ),
    ),
    search=lambda text: Q(name__icontains=text) | Q(email__icontains=text),
    search_label="Search users",
    fetch=lambda rows: rows.prefetch_related("roles"),
)


@page("user:read")
def listing(request: Request) -> HttpResponseBase:
    """All users."""
    edits = bool(may(request.actor, "user:edit"))
    return show(request, "people/users.html", _TABLE, User.objects.all(), edits=edits)


@page("user:read")
def user(request: Request, user_id: str) -> HttpResponse:
    """One user: roles, factors, keys, what they did last."""
    return _show(request, user_id)


@never_cache
@page("user:edit")
def invite(request: Request) -> HttpResponse:
    """Invite somebody."""
    wanted = request.POST.getlist("role")
    context: dict[str, object] = {"roles": roles.OVER_ALL, "sent": request.POST, "wanted": wanted}
    if request.method != "POST":
        return render(request, "people/invite.html", context)
    try:
        made, path = joining.invite(
            request.actor,
            email=request.POST.get("email", ""),
            name=request.POST.get("name", ""),
            wanted=wanted,
            now=clock.now(),
        )
    except Error as error:
        return render(
            request, "people/invite.html", context | {"error": error}, status=status_of(error)
        )
    return _invited(request, made, path)


@never_cache
@require_POST
@page("user:edit")
def again(request: Request, user_id: str) -> HttpResponse:
    """Another link."""
    path = joining.invite_again(request.actor, user_id, now=clock.now())
    return _invited(request, _find(user_id), path)


@require_POST
@page("user:edit")
def rename(request: Request, user_id: str) -> HttpResponse:
    """Another name."""
    users.rename(request.actor, user_id, request.POST.get("name", ""), now=clock.now())
    return _back(request, user_id, "Renamed.")


@require_POST
@page("user:edit")
def assign(request: Request, user_id: str) -> HttpResponse:
    """One more role."""
    roles.assign(request.actor, user_id, request.POST.get("role", ""), now=clock.now())
    return _back(request, user_id, "The role is given.")


@require_POST
@page("user:edit")
def end_role(request: Request, user_id: str) -> HttpResponse:
    """One role less."""
    roles.end(request.actor, user_id, request.POST.get("role", ""), now=clock.now())
    return _back(request, user_id, "The role has ended.")


@require_POST
@page("user:edit")
def deactivate(request: Request, user_id: str) -> HttpResponse:
    """Shut them out."""
    reason = request.POST.get("reason", "")
    joining.deactivate(request.actor, user_id, reason=reason, now=clock.now())
    return _back(request, user_id, "Deactivated: sessions and API keys have ended.")


@require_POST
@page("user:edit")
def activate(request: Request, user_id: str) -> HttpResponse:
    """Let them in again."""
    joining.activate(request.actor, user_id, now=clock.now())
    return _back(request, user_id, "Activated.")


@require_POST
@page("user:edit")
def end_sessions(request: Request, user_id: str) -> HttpResponse:
    """Log them out everywhere."""
    users.end_sessions(request.actor, user_id, now=clock.now())
    return _back(request, user_id, "Logged out everywhere.")


@require_POST
@page("user:edit")
def end_key(request: Request, user_id: str, key: str) -> HttpResponse:
    """End a key of theirs."""
    keys.end(request.actor, key, now=clock.now())
    return _back(request, user_id, "The key has ended.")


def _invited(request: Request, made: User, path: str) -> HttpResponse:
    """Where no mail is sent, the link is shown, this once."""
    mailed = bool(settings.CONFIG.mail.url)
    address = "" if mailed else settings.CONFIG.public_url.rstrip("/") + path
    return render(request, "people/invited.html", {"invited": made, "address": address})


def _back(request: Request, user_id: str, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("people:user", user_id)


def _find(user_id: str) -> User:
    found = User.objects.select_related("person").filter(public_id=user_id).first()
    if found is None:
        raise Gone("There is no such user.", hint="Look for them in the list of users.")
    return found


def _show(request: Request, user_id: str) -> HttpResponse:
    found = _find(user_id)
    held = [one for one in found.roles.all() if one.until_at is None]
    over = scopes.named({one.scope for one in held} - {""})
    context = {
        "shown": found,
        "look": _look(found),
        "held": [(one, over.get(one.scope)) for one in held],
        "past": [one for one in found.roles.all() if one.until_at is not None],
        "missing": [one for one in roles.OVER_ALL if one not in {role.role for role in held}],
        "factors": factors.held([found.pk]).get(found.pk, []),
        "keys": keys.of(found.pk, clock.now()),
        "edits": bool(may(request.actor, "user:edit")),
        "events": Event.objects.filter(Q(actor_id=found.public_id) | Q(target_id=found.public_id))[
            :_RECENT
        ],
    }
    return render(request, "people/user.html", context)
