"""Planning groups: they begin, get another name, and end."""

from typing import Final

from rolecall.errors import Conflict, Invalid
from rolecall.server.access.models import Grant
from rolecall.server.orders.facts import Facts
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning.finding import group_of
from rolecall.server.orders.wishes import Wish

__all__ = ["create_group", "delete_group", "rename_group"]

_LONGEST: Final = 200


def create_group(order: Order, wish: Wish, facts: Facts) -> None:
    """A new group without members.

    Raises:
        Invalid: it has no name.
        Conflict: there is a group of this name.
    """
    name = _name(wish, facts)
    order.wish = {**wish.values, "name": name}
    order.effect = f"group {name.casefold()}"
    order.meaning = [f"The group {name} begins, without members."]


def rename_group(order: Order, wish: Wish, facts: Facts) -> None:
    """Another name for a group.

    Raises:
        Gone, Invalid: there is no such group, or no name.
        Conflict: there is another group of this name, or it is called so.
    """
    group = order.entitlement = group_of(wish, facts)
    name = _name(wish, facts, besides=group.pk)
    if name == group.name:
        raise Conflict(f"The group is called {name} already.", hint="Nothing is to be done.")
    order.wish, order.before = {"name": name}, {"name": group.name}
    order.effect = f"group {group.public_id}"
    order.meaning = [f"From {group.name} to {name}; members and pages stay."]


def delete_group(order: Order, wish: Wish, facts: Facts) -> None:
    """A group ends, and with it what its members had by it.

    Raises:
        Gone, Invalid: there is no such group.
    """
    group = order.entitlement = group_of(wish, facts)
    held = Grant.objects.filter(entitlement=group, until_at=None).order_by("account_id")
    members = list(held.values_list("account__public_id", flat=True))
    order.before = {"name": group.name, "members": members}
    order.effect = f"group {group.public_id}"
    order.undo = Order.Undo.EQUIVALENTLY
    people = "1 person loses" if len(members) == 1 else f"{len(members)} people lose"
    order.meaning = [
        f"{people} what only {group.name} can see and do.",
        "Pages that were shared with the group stay unshared, even if it is made anew.",
    ]


def _name(wish: Wish, facts: Facts, besides: int = 0) -> str:
    name = " ".join(wish.values.get("name", "").split())
    if not 1 <= len(name) <= _LONGEST:
        raise Invalid(f"A group's name has between 1 and {_LONGEST} characters.")
    there = facts.group_names.get(name.casefold())
    if there is not None and there.pk != besides:
        raise Conflict(f"There is a group {there.name} already.", hint="Choose another name.")
    return name
