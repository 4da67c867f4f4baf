"""What must be true of orders, by what the simulator holds; shares nothing with what it judges.

A wish is judged on pictures of the workspace: the simulator's members, roles and groups. Nothing
here reads an order's own idea of its effect.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from notion_sim import Simulator
from rolecall.server.orders.models import Order

__all__ = ["Picture", "effects", "last_words", "look", "true_of"]


@dataclass(frozen=True)
class Picture:
    """A workspace at one moment."""

    roles: dict[str, str]
    emails: dict[str, str]
    """Address → member."""
    members: dict[str, frozenset[str]]
    """Group → members."""
    names: dict[str, str]
    """Group → name."""
    titles: dict[str, str]


def look(sim: Simulator) -> Picture:
    """The workspace as it is now."""
    state = sim.state()
    people, groups = state["members"], state["groups"]
    return Picture(
        roles={one["id"]: one["role"] for one in people},
        emails={mail.casefold(): one["id"] for one in people for mail in one["emails"]},
        members={one["id"]: frozenset(one["members"]) for one in groups},
        names={one["id"]: one["name"] for one in groups},
        titles={one["id"]: one["title"] for one in people},
    )


def true_of(order: Order, seen: Picture) -> bool:
    """Whether what was wished is so in this picture."""
    user = order.account.external_id if order.account else ""
    resource = order.entitlement.resource if order.entitlement else None
    thing = resource.external_id if resource else ""
    role = resource is not None and resource.kind == "role"
    held = seen.roles.get(user) == thing if role else user in seen.members.get(thing, ())
    wish: dict[str, Any] = order.wish
    return {
        "grant": lambda: held,
        "revoke": lambda: not held,
        "create_account": lambda: wish["email"].casefold() in seen.emails,
        "remove_account": lambda: user not in seen.roles,
        "update_account": lambda: seen.titles.get(user) == wish["title"],
        "create_group": lambda: wish["name"] in seen.names.values(),
        "rename_group": lambda: seen.names.get(thing) == wish["name"],
        "delete_group": lambda: thing not in seen.names,
    }[order.operation]()


def last_words(orders: Iterable[Order]) -> list[Order]:
    """Those that still say how things are; a group that was made is called what a rename said."""
    current = [one for one in orders if one.current]
    renamed = {one.entitlement_id for one in current if one.operation == "rename_group"}
    return [
        one for one in current
        if one.operation != "create_group" or one.entitlement_id not in renamed
    ]  # fmt: skip


def effects(order: Order, events: list[dict[str, Any]]) -> int:
    """How often these events of the simulator are what this order was to do."""
    user = order.account.external_id if order.account else ""
    resource = order.entitlement.resource if order.entitlement else None
    thing = resource.external_id if resource else ""
    role = resource is not None and resource.kind == "role"
    kinds = {
        "grant": {"role"} if role else {"group_joined"},
        "revoke": {"role"} if role else {"group_left"},
        "create_account": {"joined"},
        "remove_account": {"left"},
        "create_group": {"group_created"},
        "rename_group": {"group_renamed"},
        "delete_group": {"group_deleted"},
    }.get(order.operation, set())
    return sum(
        one["kind"] in kinds
        and (not user or one["user"] == user)
        and (not thing or role or one["group"] == thing)
        for one in events
    )
