"""Every login, every failure, every change of a password or a factor is an audit event.

Django and allauth say so by signals; some come outside a transaction, and get one here.
"""

from typing import Any

from allauth.account import signals as account
from allauth.core import context
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal
from django.http import HttpRequest

from rolecall.server import clock
from rolecall.server.audit.trail import SYSTEM, record
from rolecall.server.people import notices
from rolecall.server.people.door import actor_of, stranger
from rolecall.server.people.models import User

__all__ = ["connect"]


def connect() -> None:
    """Listen; called once, when the app is ready."""
    receivers: tuple[tuple[Signal, Any], ...] = (
        (auth.user_logged_in, _logged_in),
        (auth.user_logged_out, _logged_out),
        (auth.user_login_failed, _failed),
        (account.password_changed, _password_changed),
        (account.password_set, _password_changed),
        (mfa.authentication_failed, _factor_failed),
    )
    for signal, receiver in receivers:
        signal.connect(receiver)
    post_save.connect(_factor_saved, sender=Authenticator)
    post_delete.connect(_factor_deleted, sender=Authenticator)


def _logged_in(request: HttpRequest, user: User, **_: object) -> None:
    """How somebody came in: password, mfa and its kind, socialaccount, or a link."""
    steps = request.session.get("account_authentication_methods", [])
    how = [step.get("type") or step["method"] for step in steps if isinstance(step, dict)]
    _note(request, user, "user:login", how=how or ["link"])


def _logged_out(request: HttpRequest, user: User | None, **_: object) -> None:
    if user is not None:
        _note(request, user, "user:logout")


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    """What was typed for an address is not kept: people type passwords there."""
    if request is not None:
        typed = str(credentials.get("email") or credentials.get("username") or "")
        user = User.objects.filter(email=typed.strip().casefold()).first()
        with transaction.atomic():
            record(stranger(request), "user:login:fail", user, now=clock.now(), how="password")


def _factor_failed(request: HttpRequest, user: User, **_: object) -> None:
    with transaction.atomic():
        record(stranger(request), "user:login:fail", user, now=clock.now(), how="factor")


def _password_changed(request: HttpRequest, user: User, **_: object) -> None:
    _note(request, user, "user:password:change")


def _factor_saved(instance: Authenticator, created: bool, **_: object) -> None:  # noqa: FBT001
    if created:
        _note_factor(instance, "user:factor:add")


def _factor_deleted(instance: Authenticator, **_: object) -> None:
    _note_factor(instance, "user:factor:remove")


def _note_factor(factor: Authenticator, action: str) -> None:
    """In the transaction of the row: allauth's own signals come only after it."""
    request, user = context.request, factor.user
    known = request is not None and getattr(request, "user", None) == user
    with transaction.atomic():
        if known:
            actor = actor_of(request, user)
        else:
            actor = SYSTEM if request is None else stranger(request)
        event = record(actor, action, user, now=clock.now(), kind=factor.type)
        notices.tell(user, event)


def _note(request: HttpRequest, user: User, action: str, **detail: object) -> None:
    with transaction.atomic():
        event = record(actor_of(request, user), action, user, now=clock.now(), **detail)
        notices.tell(user, event)
