"""What happened, sync by sync: the changes that syncs found, and how they read as sentences."""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from rolecall.server.access.models import Account, App, Change, Sync

__all__ = ["of_account", "of_app", "of_sync", "sentence"]

_Kind = Change.Kind
_SENTENCES: Final = {
    _Kind.JOINED: "{who} joined{role}.",
    _Kind.LEFT: "{who} left{role}.",
    _Kind.ADDED: "{who} was added to {what}.",
    _Kind.REMOVED: "{who} was removed from {what}.",
}
_OF_GROUPS: Final = {
    _Kind.MADE: "The group {after} was created.",
    _Kind.RENAMED: "The group {before} is now called {after}.",
    _Kind.DELETED: "The group {before} was deleted.",
}


def of_app(app: App, *, since: datetime | None = None) -> QuerySet[Change]:
    """The changes of an app, newest first.

    Args:
        app: whose.
        since: only what was seen after this moment.
    """
    return _from(_rows().filter(app=app), since)


def of_account(account: Account, *, since: datetime | None = None) -> QuerySet[Change]:
    """The changes of one account, newest first."""
    return _from(_rows().filter(account=account), since)


def of_sync(sync: Sync) -> QuerySet[Change]:
    """What one sync found different, in the order of its telling."""
    return _rows().filter(sync=sync).order_by("id")


def sentence(change: Change) -> str:
    """A change in plain words, such as `Ana Costa was added to Design.`."""
    who, kind = str(change.account), _Kind(change.kind)
    if kind in _OF_GROUPS:
        before, after = change.detail["name"]
        return _OF_GROUPS[kind].format(before=before, after=after)
    if kind == _Kind.ROLE:
        return _role_sentence(who, change)
    if kind == _Kind.EDITED:
        named = ", ".join(name.replace("_", " ") for name in sorted(change.detail))
        return f"{who} is described differently: {named}."
    held = change.before if kind == _Kind.LEFT else change.entitlement
    role = f" as {held}" if held else ""
    if kind == _Kind.LEFT and held:
        role = f", who was {held}"
    return _SENTENCES[kind].format(who=who, role=role, what=change.entitlement)


def _role_sentence(who: str, change: Change) -> str:
    before = str(change.before) if change.before else "no role that we know"
    after = str(change.entitlement) if change.entitlement else "no role that we know"
    return f"{who} went from {before} to {after}."


def _rows() -> QuerySet[Change]:
    return Change.objects.select_related("account", "entitlement", "before", "sync")


def _from(rows: QuerySet[Change], since: datetime | None) -> QuerySet[Change]:
    return rows if since is None else rows.filter(at__gt=since)
