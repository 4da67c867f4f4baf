"""The row that an id names, for somebody who may do something to it: one door for pages and API.

Who may do it to single apps only is told the same whether or not there is such a row.
"""

from collections.abc import Collection, Iterator

from django.db.models import QuerySet
from django.urls import reverse

from rolecall.errors import Gone
from rolecall.server.access.models import Account, App, Entitlement, Sync
from rolecall.server.audit.trail import Actor
from rolecall.server.people.permissions import NOWHERE, require, scopes_of
from rolecall.server.people.scopes import Named

__all__ = [
    "account_for",
    "app_for",
    "apps_named",
    "entitlement_for",
    "locked_account",
    "locked_app",
    "managed_apps",
    "sync_of",
]

_HINT = "Look for it from the list of apps."


def app_for(actor: Actor, public_id: str, action: str = "app:read") -> App:
    """An app, with its last sync.

    Raises:
        NotAllowed: the actor may not do `action` to it.
        Gone: there is none.
    """
    return _app(App.objects.select_related("last_sync"), actor, public_id, action)


def managed_apps(actor: Actor, action: str) -> QuerySet[App]:
    """The managed apps in which the actor may do `action`."""
    rows = App.objects.filter(state=App.State.MANAGED)
    scopes = scopes_of(actor, action)
    return rows if scopes is None else rows.filter(public_id__in=scopes)


def apps_named(ids: Collection[str]) -> Iterator[tuple[str, Named]]:
    """What the apps among these are called, for the users who look after them."""
    for one in App.objects.filter(public_id__in=ids):
        address = reverse("access:app", args=(one.public_id,))
        yield one.public_id, Named(name=one.name, address=address)


def account_for(actor: Actor, public_id: str, action: str = "account:read") -> Account:
    """An account, with its app, role and person.

    Raises:
        NotAllowed: the actor may not do `action` in its app.
        Gone: there is none.
    """
    rows = Account.objects.select_related("app__last_sync", "role", "person")
    return _account(rows, actor, public_id, action)


def entitlement_for(actor: Actor, public_id: str, action: str = "entitlement:read") -> Entitlement:
    """An entitlement, with its app.

    Raises:
        NotAllowed: the actor may not do `action` in its app.
        Gone: there is none.
    """
    rows = Entitlement.objects.select_related("app__last_sync")
    found = rows.filter(public_id=public_id).first()
    require(actor, action, found.app.public_id if found else NOWHERE)
    if found is None:
        raise Gone("There is no such entitlement.", hint=_HINT)
    return found


def sync_of(app: App, public_id: str) -> Sync:
    """A sync of this app.

    Raises:
        Gone: it has none with this id.
    """
    found = app.syncs.filter(public_id=public_id).first()
    if found is None:
        raise Gone("This app has no such sync.", hint="Choose one of its list.")
    return found


def locked_app(actor: Actor, public_id: str, action: str) -> App:
    """An app that is about to change, locked against other changes.

    Raises:
        NotAllowed, Gone: as `app_for`.
    """
    return _app(App.objects.select_for_update(no_key=True), actor, public_id, action)


def locked_account(actor: Actor, public_id: str, action: str) -> Account:
    """An account that is about to change, with its app; locked against other changes.

    Raises:
        NotAllowed, Gone: as `account_for`.
    """
    rows = Account.objects.select_for_update(no_key=True, of=("self",)).select_related("app")
    return _account(rows, actor, public_id, action)


def _app(rows: QuerySet[App], actor: Actor, public_id: str, action: str) -> App:
    found = rows.filter(public_id=public_id).first()
    require(actor, action, found.public_id if found else NOWHERE)
    if found is None:
        raise Gone("There is no such app.", hint=_HINT)
    return found


def _account(rows: QuerySet[Account], actor: Actor, public_id: str, action: str) -> Account:
    found = rows.filter(public_id=public_id).first()
    require(actor, action, found.app.public_id if found else NOWHERE)
    if found is None:
        raise Gone("There is no such account.", hint=_HINT)
    return found
