"""What a person has to do by hand: the list, one step with its instructions, and the proof."""

import io
import re
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Gone, Invalid
from rolecall.server import clock
from rolecall.server.files.models import File
from rolecall.server.files.store import read, store
from rolecall.server.orders import manual
from rolecall.server.orders.finding import seen_by, step_for
from rolecall.server.orders.models import ManualStep
from rolecall.server.orders.pages.looks import (
    crumbs,
    from_to,
    operation_words,
    order_look,
    order_status,
    places,
    step_look,
    who_cell,
    who_words,
)
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.models import User
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, mark, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["cannot", "finish", "give", "proof", "step", "steps"]

_OPEN: Final = ManualStep.State.OPEN

_LARGEST: Final = 10_000_000
"""Bytes of a proof: a screenshot, a letter."""

_COLUMNS: Final[tuple[Column[ManualStep], ...]] = (
    Column(
        name="step",
        label="Step",
        value=lambda s: operation_words(s.order),
        show=lambda s: link(
            operation_words(s.order), reverse("orders:step", args=(s.public_id,)), from_to(s.order)
        ),
    ),
    Column(
        name="who", label="Who", value=lambda s: who_words(s.order),
        show=lambda s: who_cell(s.order),
    ),
    Column(name="why", label="Why by hand", value=lambda s: s.order.why),
    Column(
        name="app", label="App", value=lambda s: s.order.app.name, sort=("order__app__name", "pk")
    ),
    Column(
        name="given", label="Given to", value=lambda s: str(s.given_to) if s.given_to else None,
        show=lambda s: mark(str(s.given_to), "person") if s.given_to else "Nobody yet",
        sort=("given_to__name", "pk"),
    ),
    Column(
        name="age", label="Since", value=lambda s: s.created_at, sort=("created_at", "pk"),
        show=lambda s: moment(s.created_at),
    ),
    Column(
        name="state", label="State", value=lambda s: s.get_state_display(),
        show=lambda s: status(step_look(s)), sort=("state", "pk"),
    ),
    Column(
        name="result", label="In the app", value=lambda s: s.order.get_state_display(),
        show=lambda s: order_status(s.order), usual=False,
    ),
    Column(name="by", label="Ended by", value=lambda s: s.ended_by, usual=False),
    Column(name="proof", label="Proof", value=lambda s: s.proof, usual=False),
    Column(name="id", label="Id", value=lambda s: s.public_id, usual=False),
)  # fmt: skip
_MINE, _NOBODY = "mine", "nobody"


def _whose(user: int | None) -> Filter:
    """Whose steps: of whoever looks, or of nobody yet."""
    given = {_MINE: Q(given_to=user), _NOBODY: Q(given_to=None)}
    return Filter(
        name="whose", label="Given to",
        narrow=lambda values: reduce(or_, (given[one] for one in values)),
        choices=(Choice(value=_MINE, label="Me"), Choice(value=_NOBODY, label="Nobody yet")),
    )  # fmt: skip


def _table(user: int | None) -> Table[ManualStep]:
    states = tuple(Choice(value=v, label=label) for v, label in ManualStep.State.choices)
    return Table(
        noun="steps",
        columns=_COLUMNS,
        order="-age",
        filters=(
            Filter(name="state", label="State", narrow=one_of("state"), choices=states),
            _whose(user),
        ),
        fetch=lambda rows: rows.select_related(
            "order__app", "order__account", "order__entitlement", "order__repeats", "given_to"
        ),
    )


@page("order:read")
def steps(request: Request) -> HttpResponseBase:
    """All of them; those to do wait for somebody."""
    rows = seen_by(request.actor, ManualStep.objects.all(), "order__app")
    table = _table(request.actor.user)
    return show(request, "orders/steps.html", table, rows, tabs=places(), prefix="rolecall")


@page("order:read")
def step(request: Request, step_id: str) -> HttpResponse:
    """What to do, one thing after the other, and how to say that it is done."""
    one = step_for(request.actor, step_id)
    order = one.order
    may_decide = bool(may(request.actor, "order:decide", order.app.public_id))
    way = (order.decision.title, reverse("orders:decision", args=(order.decision.public_id,)))
    context = {
        "step": one,
        "order": order,
        "look": step_look(one),
        "title": f"{operation_words(order)}: {who_words(order)}",
        "who": who_cell(order),
        "change": from_to(order),
        "status": status(order_look(order)),
        "may_decide": may_decide,
        "me": "" if one.given_to_id == request.actor.user else request.actor.id,
        "others": _others(request, one) if may_decide and one.state == _OPEN else [],
        "crumbs": crumbs(order.app, way),
    }
    return render(request, "orders/step.html", context)


def _others(request: Request, step: ManualStep) -> list[User]:
    """To whom else it can be given."""
    not_them = {step.given_to_id, request.actor.user}
    return [one for one in manual.takers(step.order.app) if one.pk not in not_them]


@require_POST
@page("order:decide")
def give(request: Request, step_id: str) -> HttpResponse:
    """Take it, give it to somebody, or give it back."""
    step_for(request.actor, step_id)
    to = request.POST.get("to", "")
    said = "It is yours." if to == request.actor.id else "Given." if to else "Given back."
    return done(
        request,
        lambda: manual.give(request.actor, step_id, to=to, now=clock.now()),
        said,
        back=_address(step_id),
    )


@require_POST
@page("order:decide")
def finish(request: Request, step_id: str) -> HttpResponse:
    """It is done; here is the proof."""
    one = step_for(request.actor, step_id)

    @transaction.atomic
    def deed() -> object:
        return manual.done(
            request.actor,
            one.public_id,
            proof=request.POST.get("proof", ""),
            file=_kept(request),
            now=clock.now(),
        )

    return done(
        request, deed, "Noted. The next sync looks whether it is so.", back=_address(step_id)
    )


@require_POST
@page("order:decide")
def cannot(request: Request, step_id: str) -> HttpResponse:
    """It cannot be done, and why."""
    reason = request.POST.get("reason", "")
    return done(
        request,
        lambda: manual.cannot(request.actor, step_id, reason=reason, now=clock.now()),
        "Noted: it could not be done.",
        back=_address(step_id),
    )


@page("order:read")
def proof(request: Request, step_id: str) -> HttpResponseBase:
    """The file that shows that it was done."""
    file = step_for(request.actor, step_id).file
    if file is None or not file.sha256:
        raise Gone("This step has no file (any more).", hint="Look at what its page says.")
    chunks: Iterator[bytes] = read(file)
    name = re.sub("[^A-Za-z0-9._-]+", "_", file.name)
    return StreamingHttpResponse(
        chunks,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(file.bytes),
        },
    )


def _kept(request: Request) -> File | None:
    """The file that came along, if one did.

    Raises:
        Invalid: it is too large.
    """
    sent = request.FILES.get("file")
    if sent is None or isinstance(sent, list):
        return None
    if (sent.size or 0) > _LARGEST:
        raise Invalid(
            f"The file is larger than {_LARGEST // 1_000_000} MB.", hint="Send a smaller one."
        )
    return store(
        io.BytesIO(sent.read()), kind="proof", name=str(sent.name)[:100], now=clock.now()
    )  # fmt: skip


def _address(step_id: str) -> str:
    return reverse("orders:step", args=(step_id,))
