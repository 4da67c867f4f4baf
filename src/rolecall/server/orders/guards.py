"""What no connector of ours does, whoever asks, and how much needs a second look. Pure.

The connector asks its own guards again before each request, against what Notion shows then; these
here are so that a person hears of it before anything is applied.
"""

from collections.abc import Collection
from typing import Final

from rolecall.server.orders.facts import Facts, ends_role
from rolecall.server.orders.models import Order

__all__ = ["FEW", "MOST", "by_hand", "needs_agreement"]

MOST: Final = 25
"""Orders of one app within an hour that need no second look, unless the app is small."""
FEW: Final = 3
"""People who may be changed however small it is."""


def by_hand(order: Order, facts: Facts) -> str:
    """Why a person must do this by hand; "" if a connector may.

    Where an owner goes, the facts have one owner less from then on.
    """
    account = order.account
    if account is None or not ends_role(order):
        return ""
    if account.pk in facts.token_owners:
        return (
            "The token that we use belongs to this person: it dies when they leave or lose the "
            "role. Let another owner make a token first."
        )
    if facts.owners == {account.pk}:
        return (
            "This is the last workspace owner: without one nobody runs the workspace. "
            "Make somebody else owner first."
        )
    facts.owners.discard(account.pk)
    return ""


def needs_agreement(effects: Collection[str], before: Collection[str], accounts: int) -> int:
    """The number that somebody must confirm; 0 if they are few enough.

    Args:
        effects: of the orders to come.
        before: of those that were ordered within the last hour.
        accounts: how many the app has.

    Returns:
        How many effects there would be within an hour, if that is more than `MOST`, or if they
        are about more than half of the accounts.
    """
    every = set(effects) | set(before)
    people = {part for one in every for part in one.split() if part.startswith("acc_")}
    few = len(every) <= MOST and len(people) <= max(FEW, accounts // 2)
    return 0 if few else len(every)
