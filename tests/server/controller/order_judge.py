"""What must be true once everything has ended: by the simulator's history, and nothing of ours.

Every change that Notion saw is counted by what it changed. Ours are those that nobody made past us;
there is one for every order that is called verified, and none for any other.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import order_oracle as oracle

from notion_sim import Simulator
from rolecall.server.audit.models import Event
from rolecall.server.orders.models import Decision, Drift, Order

__all__ = ["outside", "verdict"]

Key = tuple[str, ...]
ENDS = frozenset({
    "planned", "held", "excluded", "refused", "verified", "failed", "cancelled", "handed",
})  # fmt: skip


def outside(sim: Simulator, counted: Counter[Any], act: Callable[[], object]) -> None:
    """Do something past us, and count it; no request is answered in between."""

    def acted() -> list[Key]:
        before = len(sim.world.history)
        act()
        new = sim.world.history[before:]
        return [_key(one.kind, one.user, one.group, one.detail) for one in new]

    counted.update(sim._call(acted))


def verdict(where: Any) -> Counter[str]:
    """Judge one workspace; how many orders are in which state.

    Raises:
        AssertionError: an order says something else than Notion holds, or something happened twice.
    """
    orders = list(
        Order.objects.filter(app=where.app).select_related("account", "entitlement__resource")
    )
    states = Counter(str(one.state) for one in orders)
    odd = [(one.operation, one.state, one.error, one.why) for one in orders
           if one.state not in ENDS]  # fmt: skip
    assert odd == [], f"no end: {odd}"
    assert where.rows() == where.notion()
    _judge_effects(where, orders)
    _judge_last_words(where, orders)
    _judge_audit(where)
    return states


def _judge_effects(where: Any, orders: list[Order]) -> None:
    ours = Counter(_events(where.sim.history()[where.begun :]))
    ours.subtract(where.outside)
    done, tried = Counter[Key](), Counter[Key]()
    for order in orders:
        for key in _keys(order):
            tried[key] += bool(order.tries or order.state == "verified")
            done[key] += order.state == "verified" and key == _keys(order)[0]
    touched = {_fact(key) for key, count in where.outside.items() if count}
    ended = {_thing(one) for one in orders if one.operation in {"remove_account", "delete_group"}}
    for key in {*ours, *done}:
        if key[0] in {"profile", "token_revoked"}:
            continue
        told = [(one.public_id, one.state, one.error, one.why) for one in orders
                if key in _keys(one)]  # fmt: skip
        what = f"{key}: {ours[key]} times, {done[key]} verified {told}"
        assert ours[key] <= tried[key], f"more than was ordered, or twice: {what}"
        if _fact(key) in touched or ended & set(key):
            continue
        wanted = {done[key], done[key] + (key[0] == "role" and tried[key] > done[key])}
        assert ours[key] in wanted, f"not what the orders say: {what}"


def _judge_last_words(where: Any, orders: list[Order]) -> None:
    seen = oracle.look(where.sim)
    drifts = set(
        Drift.objects.filter(app=where.app, state="open").values_list("order_id", flat=True)
    )
    for order in oracle.last_words(orders):
        what = (order.operation, order.effect, order.wish, order.pk in drifts)
        assert oracle.true_of(order, seen) != (order.pk in drifts), f"not so: {what}"
    assert drifts <= {one.pk for one in orders if one.current}


def _judge_audit(where: Any) -> None:
    """Each yes that counted was noted in its transaction."""
    applied = Decision.objects.filter(app=where.app).exclude(applied_at=None)
    noted = Event.objects.filter(action="decision:apply", scope=where.app.public_id)
    said = set(applied.values_list("public_id", flat=True))
    assert set(noted.values_list("target_id", flat=True)) == said


def _events(history: list[dict[str, Any]]) -> list[Key]:
    """What was changed by itself: not who left a group because they, or it, came to an end."""
    along = {
        (one["request"], one[which])
        for one in history
        for kind, which in (("left", "user"), ("group_deleted", "group"))
        if one["kind"] == kind
    }
    return [
        _key(one["kind"], one["user"], one["group"], one["detail"])
        for one in history
        if one["kind"] != "group_left"
        or not along & {(one["request"], one["user"]), (one["request"], one["group"])}
    ]


def _key(kind: str, user: str, group: str, detail: str) -> Key:
    after = detail.rpartition(" -> ")[2] if kind in {"role", "group_renamed"} else ""
    return (kind, user, group, after)


def _keys(order: Order) -> list[Key]:
    """What Notion sees of an order: first what it is, then what may come with it."""
    user = order.account.external_id if order.account else ""
    resource = order.entitlement.resource if order.entitlement else None
    thing, wish = resource.external_id if resource else "", order.wish
    role = resource is not None and resource.kind == "role"
    to = wish.get("to", "restricted_member") if order.operation == "revoke" else thing
    return {
        "grant": [("role", user, "", to) if role else ("group_joined", user, thing, "")],
        "revoke": [("role", user, "", to) if role else ("group_left", user, thing, "")],
        "create_account": [
            ("joined", user, "", ""), ("role", user, "", wish.get("role", "member"))
        ],
        "update_account": [("profile", user, "", "")],
        "remove_account": [("left", user, "", "")],
        "create_group": [("group_created", "", thing, "")],
        "rename_group": [("group_renamed", "", thing, wish.get("name", ""))],
        "delete_group": [("group_deleted", "", thing, "")],
    }[order.operation]  # fmt: skip


def _fact(key: Key) -> Key:
    """What it is about, whichever way it was changed."""
    kind, user, group, _ = key
    if kind in {"group_joined", "group_left"}:
        return ("member", user, group)
    return ("role", user) if kind == "role" else ("there", user, group)


def _thing(order: Order) -> str:
    key = _keys(order)[0]
    return key[1] or key[2]
