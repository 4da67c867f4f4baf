"""The row that an address names, for somebody who may see it."""

from rolecall.errors import Gone
from rolecall.server.access.models import Account, App, Entitlement
from rolecall.server.people.door import Request
from rolecall.server.people.permissions import require

__all__ = ["account_for", "app_for", "entitlement_for"]

_HINT = "Look for it from the list of apps."


def app_for(request: Request, public_id: str, action: str = "app:read") -> App:
    """An app.

    Raises:
        Gone: there is none.
        NotAllowed: this person may not do `action` to it.
    """
    app = App.objects.select_related("last_sync").filter(public_id=public_id).first()
    if app is None:
        raise Gone("There is no such app.", hint=_HINT)
    require(request.actor, action, app.public_id)
    return app


def account_for(request: Request, public_id: str, action: str = "account:read") -> Account:
    """An account, with its app, role and person.

    Raises:
        Gone: there is none.
        NotAllowed: this person may not do `action` in its app.
    """
    rows = Account.objects.select_related("app__last_sync", "role", "person")
    account = rows.filter(public_id=public_id).first()
    if account is None:
        raise Gone("There is no such account.", hint=_HINT)
    require(request.actor, action, account.app.public_id)
    return account


def entitlement_for(request: Request, public_id: str) -> Entitlement:
    """An entitlement, with its app.

    Raises:
        Gone: there is none.
        NotAllowed: this person may not see those of its app.
    """
    rows = Entitlement.objects.select_related("app__last_sync")
    entitlement = rows.filter(public_id=public_id).first()
    if entitlement is None:
        raise Gone("There is no such entitlement.", hint=_HINT)
    require(request.actor, "entitlement:read", entitlement.app.public_id)
    return entitlement
