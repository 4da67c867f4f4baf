"""What a person must do in Notion by hand: handed over with instructions, given, done with proof.

What was done by hand is verified like anything else, by the next sync that can see it.
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.access.models import App
from rolecall.server.access.telling import tell
from rolecall.server.audit.trail import Actor, record
from rolecall.server.files.models import File
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News
from rolecall.server.notifications.telling import tell as tell_people
from rolecall.server.orders.finding import insist
from rolecall.server.orders.models import ManualStep, Order
from rolecall.server.orders.rows import order_locked
from rolecall.server.people.models import User
from rolecall.server.people.owners import holders
from rolecall.server.people.permissions import ACTIONS

__all__ = ["cannot", "done", "give", "hand_over", "instructions", "takers"]

_Operation = Order.Operation
_LONGEST: Final = 5000
_MAY: Final = "order:decide"
_WHERE: Final = "In Notion, open Settings, then People."
_GROUPS: Final = "In Notion, open Settings, then People, then Groups."

_STEPS: Final = {
    "role grant": (_WHERE, "Find {who}, and give them the role {what}."),
    "role revoke": (_WHERE, "Find {who}, and give them a lower role than {what}."),
    "grant": (_GROUPS, "Open {what}, and add {who}."),
    "revoke": (_GROUPS, "Open {what}, and remove {who}."),
    "create_account": (_WHERE, "Invite {who}, with the role {role}."),
    "update_account": (
        "In your identity provider, or in Notion's managed users, open the profile of {who}.",
        "Change {values}.",
    ),
    "remove_account": (_WHERE, "Find {who}, and remove them from the workspace."),
    "guest remove_account": (_WHERE, "Open Guests.", "Find {who}, and remove them."),
    "create_group": (_GROUPS, "Create a group called {what}."),
    "rename_group": (_GROUPS, "Open {what}, and call it {name}."),
    "delete_group": (_GROUPS, "Open {what}, and delete it."),
}


def hand_over(order: Order, *, now: datetime) -> ManualStep:
    """Hand an order to a person, in the caller's transaction."""
    order.state = Order.State.HANDED
    order.save()
    lines = instructions(order)
    step = ManualStep.objects.create(order=order, instructions=lines, created_at=now)
    news = News(
        kind=Kind.STEP,
        event=f"step:open:{step.public_id}",
        subject=f"By hand in {order.app.name}: {order.decision.title}",
        text="No interface of Notion can do this, so somebody must:\n\n"
        + "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
        + "\n\nThen say in Rolecall that it is done, and how one can tell.",
        link=f"/by-hand/{step.public_id}",
    )
    tell(order.app, news, now=now)
    return step


def takers(app: App) -> list[User]:
    """Who may do the steps of an app, by name: they can be given to them."""
    return holders(role__in=ACTIONS[_MAY], scope__in=("", app.public_id))


@transaction.atomic
def give(actor: Actor, step_id: str, *, to: str, now: datetime) -> ManualStep:
    """Say who is to do it, and tell them; whoever takes it for themselves knows.

    Args:
        actor: who says so.
        step_id: public id.
        to: public id of one of the `takers`; "" gives it back to all of them.
        now: when.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such step.
        Invalid: they may not do it.
        Conflict: it is over, or theirs already.
    """
    step = _open(actor, step_id)
    app = step.order.app
    user = next((one for one in takers(app) if one.public_id == to), None)
    if to and user is None:
        raise Invalid("They may not do this step.", hint="Choose an owner of the app.")
    if user == step.given_to:
        raise Conflict(f"It is with {user or 'nobody'} already.", hint="Look at it again.")
    step.given_to, step.given_at = user, now if user else None
    step.save(update_fields=["given_to", "given_at"])
    record(actor, "order:manual:give", step.order, now=now, scope=app.public_id,
           to=user.email if user else "")  # fmt: skip
    if user is not None and user.pk != actor.user:
        _tell_taker(step, user, actor, now)
    return step


@transaction.atomic
def done(
    actor: Actor, step_id: str, *, proof: str, now: datetime, file: File | None = None
) -> ManualStep:
    """Say that it was done, and how one can tell.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such step.
        Invalid: there is no proof.
        Conflict: it is over already.
    """
    step = _open(actor, step_id)
    step.proof, step.file = _text(proof, "What proves it?"), file
    _end(step, ManualStep.State.DONE, actor, now)
    order = step.order
    order.state, order.applied_at = Order.State.APPLIED, now
    order.why = "Done by hand; the next sync that can see it verifies it."
    if order.account is None and order.operation == _Operation.REMOVE_ACCOUNT:
        order.why = "Done by hand; no interface shows guests, so the proof is all there is."
    order.save()
    record(actor, "order:manual:done", order, now=now, scope=order.app.public_id, proof=step.proof)
    return step


@transaction.atomic
def cannot(actor: Actor, step_id: str, *, reason: str, now: datetime) -> ManualStep:
    """Say that it cannot be done, and why.

    Raises:
        NotAllowed, Gone, Invalid, Conflict: as `done`.
    """
    step = _open(actor, step_id)
    step.proof = _text(reason, "Why can it not be done?")
    _end(step, ManualStep.State.CANNOT, actor, now)
    order = step.order
    order.state, order.error, order.why = Order.State.FAILED, "Refused", step.proof
    order.save()
    record(actor, "order:manual:cannot", order, now=now, scope=order.app.public_id,
           reason=step.proof)  # fmt: skip
    return step


def _tell_taker(step: ManualStep, user: User, actor: Actor, now: datetime) -> None:
    order = step.order
    news = News(
        kind=Kind.STEP,
        event=f"step:given:{step.public_id}:{user.public_id}:{now.timestamp():.0f}",
        subject=f"{actor.name} gave you a step in {order.app.name}",
        text=f"{order.decision.title}:\n\n"
        + "\n".join(f"{number}. {line}" for number, line in enumerate(step.instructions, 1))
        + "\n\nThen say in Rolecall that it is done, and how one can tell.",
        link=f"/by-hand/{step.public_id}",
    )
    why = f"You get this because {actor.name} gave the step to you."
    tell_people(news, [user], why=why, now=now)


def instructions(order: Order) -> list[str]:
    """What somebody has to do in Notion, step by step."""
    who = order.account or order.wish.get("email", "")
    what = order.entitlement.name if order.entitlement else order.wish.get("name", "")
    role = "role " if order.effect.startswith("role ") else ""
    guest = "guest " if order.operation == _Operation.REMOVE_ACCOUNT and not order.account else ""
    told = {
        "who": who,
        "what": what,
        "name": order.wish.get("name", ""),
        "role": order.wish.get("role", "member"),
        "values": ", ".join(f"{name} to {value}" for name, value in order.wish.items()),
    }
    lines = _STEPS[f"{role}{guest}{order.operation}"]
    return [*_owner_first(order), *(line.format_map(told) for line in lines)]


def _owner_first(order: Order) -> list[str]:
    """What must be so before an owner, or the maker of a token, goes."""
    if "token" in order.why:
        return ["Have another workspace owner make a SCIM API token, and enter it in Rolecall."]
    if "last workspace owner" in order.why:
        return ["Make somebody else a workspace owner first."]
    return []


def _open(actor: Actor, step_id: str) -> ManualStep:
    there = ManualStep.objects.filter(public_id=step_id).select_related("order__app").first()
    found = insist(actor, _MAY, there, "manual step")
    order = order_locked(actor, _MAY, found.order.public_id)
    step = ManualStep.objects.select_related("given_to").get(pk=found.pk)
    if step.state != ManualStep.State.OPEN or order.state != Order.State.HANDED:
        raise Conflict("This step is over already.", hint="Look at it again.")
    step.order = order
    return step


def _end(step: ManualStep, state: str, actor: Actor, now: datetime) -> None:
    step.state, step.ended_at, step.ended_by = state, now, actor.name
    step.save()


def _text(text: str, otherwise: str) -> str:
    if not (cleaned := text.strip()) or len(cleaned) > _LONGEST:
        raise Invalid(otherwise, hint=f"Between 1 and {_LONGEST} characters.")
    return cleaned
