"""Whom and what a wish is about."""

from rolecall.errors import Gone, Invalid
from rolecall.server.access.models import Account, Entitlement
from rolecall.server.orders.facts import Facts
from rolecall.server.orders.wishes import Wish

__all__ = ["account_of", "entitlement_of", "group_of"]


def account_of(wish: Wish, facts: Facts) -> Account:
    """The account.

    Raises:
        Gone: there is none of this id in this app, or it is not there any more.
    """
    found = facts.accounts.get(wish.account)
    if found is None:
        raise Gone("There is no such account in this app.", hint="Choose one of its accounts.")
    if not found.present:
        raise Gone(f"{found} is not in the workspace any more.", hint="Create the account anew.")
    return found


def entitlement_of(wish: Wish, facts: Facts) -> Entitlement:
    """The role or group.

    Raises:
        Gone: there is none of this id in this app, or it is not there any more.
    """
    found = facts.entitlements.get(wish.entitlement)
    if found is None:
        raise Gone("There is no such role or group in this app.", hint="Choose one of its own.")
    if not found.present:
        raise Gone(f"{found.name} is not there any more.", hint="Choose another one.")
    return found


def group_of(wish: Wish, facts: Facts) -> Entitlement:
    """The membership of a group.

    Raises:
        Gone: as `entitlement_of`.
        Invalid: it is no group.
    """
    found = entitlement_of(wish, facts)
    if found.kind != Entitlement.Kind.GROUP:
        raise Invalid(f"{found.name} is no group.", hint="Only groups can be renamed and deleted.")
    return found
