"""How decisions and orders look, and how an order reads: who, what, from what to what."""

from collections.abc import Mapping
from types import MappingProxyType

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rolecall.server.access.models import App, Entitlement
from rolecall.server.access.pages.looks import account_cell, app_crumbs
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order
from rolecall.server.orders.planning.holding import role_called
from rolecall.server.people.models import RoleAssignment
from rolecall.server.tables.look import NOTHING, Look, link, mark, status

__all__ = [
    "authority_words",
    "crumbs",
    "decision_look",
    "drift_look",
    "from_to",
    "operation_words",
    "order_look",
    "order_status",
    "places",
    "step_look",
    "undo_mark",
    "who_cell",
    "who_words",
]

_State = Order.State
_ORDERS: Mapping[Order.State, Look] = MappingProxyType({
    _State.PLANNED: Look(word="Planned", tone="idle", icon="clock"),
    _State.HELD: Look(word="Held", tone="warn", icon="pause"),
    _State.EXCLUDED: Look(word="Left out", tone="idle", icon="close"),
    _State.REFUSED: Look(word="Refused", tone="bad", icon="failed"),
    _State.ORDERED: Look(word="Ordered", tone="busy", icon="turning"),
    _State.APPLIED: Look(word="Applied, not yet verified", tone="busy", icon="check"),
    _State.VERIFIED: Look(word="Verified", tone="good", icon="done"),
    _State.STILL_PRESENT: Look(word="Still as before", tone="bad", icon="alert"),
    _State.UNKNOWN: Look(word="Answer lost", tone="warn", icon="question"),
    _State.FAILED: Look(word="Failed", tone="bad", icon="failed"),
    _State.CANCELLED: Look(word="Cancelled", tone="idle", icon="close"),
    _State.HANDED: Look(word="Handed to a person", tone="warn", icon="person"),
})  # fmt: skip
_DECISIONS: Mapping[Decision.State, Look] = MappingProxyType({
    Decision.State.PLANNED: Look(word="Planned", tone="warn", icon="clock"),
    Decision.State.APPLIED: Look(word="Applied", tone="good", icon="check"),
    Decision.State.CANCELLED: Look(word="Cancelled", tone="idle", icon="close"),
})  # fmt: skip
_DRIFTS: Mapping[Drift.State, Look] = MappingProxyType({
    Drift.State.OPEN: Look(word="Open", tone="bad", icon="alert"),
    Drift.State.RESTORED: Look(word="Restored", tone="good", icon="refresh"),
    Drift.State.ACCEPTED: Look(word="Accepted", tone="idle", icon="check"),
    Drift.State.GONE: Look(word="Over by itself", tone="idle", icon="done"),
})  # fmt: skip
_STEPS: Mapping[ManualStep.State, Look] = MappingProxyType({
    ManualStep.State.OPEN: Look(word="To do", tone="warn", icon="person"),
    ManualStep.State.DONE: Look(word="Done", tone="good", icon="done"),
    ManualStep.State.CANNOT: Look(word="Cannot be done", tone="bad", icon="failed"),
})  # fmt: skip
_GOES = Look(word="Can be done", tone="good", icon="done")
_BY_HAND = Look(word="By hand", tone="warn", icon="person")
_UNDO_ICONS: Mapping[Order.Undo, str] = MappingProxyType(
    {Order.Undo.EXACTLY: "done", Order.Undo.EQUIVALENTLY: "change", Order.Undo.NO: "alert"}
)
_GROUP_WORDS: Mapping[Order.Operation, str] = MappingProxyType(
    {Order.Operation.GRANT: "Add to group", Order.Operation.REVOKE: "Remove from group"}
)


def order_look(order: Order) -> Look:
    """How far an order is."""
    return _ORDERS[Order.State(order.state)]


def decision_look(decision: Decision) -> Look:
    """How far a decision is."""
    return _DECISIONS[Decision.State(decision.state)]


def authority_words(decision: Decision) -> str:
    """By what right it was decided."""
    roles = dict(RoleAssignment.Role.choices)
    if decision.authority in roles:
        return f"as {roles[decision.authority].lower()}"
    return {"undo": "to undo", "drift": "to restore after drift"}.get(decision.authority, "")


def drift_look(drift: Drift) -> Look:
    """What was decided about a drift."""
    return _DRIFTS[Drift.State(drift.state)]


def step_look(step: ManualStep) -> Look:
    """How far a manual step is."""
    return _STEPS[ManualStep.State(step.state)]


def order_status(order: Order) -> SafeString:
    """How far it is, and why; of a planned one, what the guards say."""
    look = order_look(order)
    if order.state == _State.PLANNED:
        look = _BY_HAND if order.by_hand else _GOES
    why = format_html('<span class="second">{}</span>', order.why) if order.why else ""
    return format_html("{}{}{}", status(look), why, _repeated(order))


def _repeated(order: Order) -> SafeString | str:
    """The way to what is on its way already."""
    if order.repeats is None:
        return ""
    return link("Show it", reverse("orders:order", args=(order.repeats.public_id,)))


def undo_mark(order: Order) -> SafeString:
    """How well it can be taken back."""
    kind = Order.Undo(order.undo)
    return mark(kind.label, _UNDO_ICONS[kind])


def operation_words(order: Order) -> str:
    """What is done, as people say it."""
    operation = Order.Operation(order.operation)
    if operation in _GROUP_WORDS:
        kind = order.entitlement.kind if order.entitlement else ""
        role = "Change role" if operation == Order.Operation.GRANT else "End role"
        return role if kind == Entitlement.Kind.ROLE else _GROUP_WORDS[operation]
    return operation.label


def who_words(order: Order) -> str:
    """Whom or what it is about, as text."""
    if order.account:
        return str(order.account)
    wished = order.wish.get("email") or order.wish.get("name", "")
    return str(order.entitlement or wished)


def who_cell(order: Order) -> SafeString | str:
    """The same with a link."""
    if order.account:
        return account_cell(order.account)
    if order.entitlement:
        address = reverse("access:entitlement", args=(order.entitlement.public_id,))
        return link(order.entitlement, address)
    return who_words(order) or NOTHING


def from_to(order: Order) -> str:
    """How it was and how it is to be: `Member → Workspace owner`."""
    before, after = _ends(order)
    return f"{before or 'nothing'} → {after or 'nothing'}"


def _ends(order: Order) -> tuple[str, str]:
    name = str(order.entitlement or "")
    role = _role(order.before.get("role"))
    wished = ", ".join(_role(one) if key == "role" else str(one) for key, one in order.wish.items())
    known = ", ".join(str(one) for key, one in order.before.items() if key in order.wish and one)
    of_role = order.entitlement is not None and order.entitlement.kind == Entitlement.Kind.ROLE
    ends = {
        Order.Operation.GRANT: (role if of_role else "", name),
        Order.Operation.REVOKE: (name, _role(order.wish.get("to")) if of_role else ""),
        Order.Operation.CREATE_ACCOUNT: ("", wished),
        Order.Operation.UPDATE_ACCOUNT: (known, wished),
        Order.Operation.REMOVE_ACCOUNT: (role or ("an account" if order.account else "guest"), ""),
        Order.Operation.CREATE_GROUP: ("", str(order.wish.get("name", ""))),
        Order.Operation.RENAME_GROUP: (str(order.before.get("name", name)), wished),
        Order.Operation.DELETE_GROUP: (str(order.before.get("name", name)), ""),
    }
    return ends[Order.Operation(order.operation)]


def _role(role: object) -> str:
    """What people call the role with this id of Notion's."""
    return role_called(str(role)) if role else ""


def crumbs(app: App, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way to a page about an app's decisions."""
    address = reverse("orders:of_app", args=(app.public_id,))
    return [*app_crumbs(app), ("Decisions", address), *more]


def places() -> list[tuple[str, str]]:
    """The lists of this noun."""
    names = (
        ("Decisions", "decisions"), ("Orders", "orders"), ("By hand", "steps"), ("Drift", "drifts"),
    )  # fmt: skip
    return [(label, reverse(f"orders:{name}")) for label, name in names]
