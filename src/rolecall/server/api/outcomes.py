"""What comes after an order: steps that a person does by hand, and drift."""

import base64
import binascii
import io
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import BeforeValidator, WithJsonSchema

from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.orders import DecisionOut, Reason
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Line, Note
from rolecall.server.files.models import File
from rolecall.server.files.store import store
from rolecall.server.orders import drifting, manual
from rolecall.server.orders.finding import drift_for, drifts, seen_by, step_for, steps
from rolecall.server.orders.models import Decision, Drift, ManualStep

__all__ = [
    "DriftOut",
    "FindDrift",
    "FindSteps",
    "GiveIn",
    "Proof",
    "ProofFile",
    "StepOut",
    "accept_drift",
    "cannot_step",
    "done_step",
    "get_drift",
    "get_step",
    "give_step",
    "list_drift",
    "list_steps",
    "of_drift",
    "of_steps",
    "restore_drift",
]

M = TypeVar("M", bound=Model)
of_drift = Router(tags=["drift"])
of_steps = Router(tags=["steps"])


class DriftOut(Schema):
    """Somebody outside undid what we had verified."""

    id: str
    app: str
    order: str
    found: dict[str, Any]
    sync: str
    found_at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    reason: str

    @staticmethod
    def resolve_id(row: Drift) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_app(row: Drift) -> str:
        """The public one."""
        return row.app.public_id

    @staticmethod
    def resolve_order(row: Drift) -> str:
        """The public one."""
        return row.order.public_id

    @staticmethod
    def resolve_sync(row: Drift) -> str:
        """The public one."""
        return row.sync.public_id


class StepOut(Schema):
    """What a person has to do by hand."""

    id: str
    order: str
    instructions: list[str]
    state: str
    given_to: str | None
    """The user who is to do it; null is whoever gets to it first."""
    given_to_name: str | None
    given_at: datetime | None
    proof: str
    file: str | None
    """The name of a file that was given as proof."""
    created_at: datetime
    ended_at: datetime | None
    ended_by: str

    @staticmethod
    def resolve_id(row: ManualStep) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_order(row: ManualStep) -> str:
        """The public one."""
        return row.order.public_id

    @staticmethod
    def resolve_given_to(row: ManualStep) -> str | None:
        """Their public id."""
        return row.given_to.public_id if row.given_to else None

    @staticmethod
    def resolve_given_to_name(row: ManualStep) -> str | None:
        """What they are called."""
        return str(row.given_to) if row.given_to else None

    @staticmethod
    def resolve_file(row: ManualStep) -> str | None:
        """Its name."""
        return row.file.name if row.file else None


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise ValueError("is not base64") from error


_BASE64 = WithJsonSchema({"type": "string", "format": "byte"})


class ProofFile(Schema):
    """A screenshot, a letter; what makes the whole request larger than 2 MiB is refused."""

    name: Line
    content: Annotated[bytes, BeforeValidator(_decoded), _BASE64]
    """In base64."""


class Proof(Schema):
    """How one can see that it was done."""

    proof: Note
    file: ProofFile | None = None


class GiveIn(Schema):
    """Who is to do it."""

    to: Id | None
    """A user who may do it; null gives it back to all who may."""


class FindDrift(Window):
    """Which drift."""

    state: Drift.State | None = None


class FindSteps(Window):
    """Which steps."""

    state: ManualStep.State | None = None
    given_to: Id | None = None
    """Only those that were given to this user."""


def _in(rows: QuerySet[M], state: str | None) -> QuerySet[M]:
    return rows.filter(state=state) if state else rows


@of_drift.get("", response=answers(Page[DriftOut]))
def list_drift(request: HttpRequest, find: Asked[FindDrift]) -> Cut[Drift]:
    """What somebody outside undid, the newest first."""
    rows = seen_by(actor_of(request), drifts())
    return cut(_in(rows, find.state), find, newest_first=True)


@of_drift.get("/{drift}", response=answers(DriftOut))
def get_drift(request: HttpRequest, drift: Id) -> Drift:
    """One of them."""
    return drift_for(actor_of(request), drift)


@of_drift.post("/{drift}/restore", response=answers(DecisionOut, 201))
def restore_drift(request: HttpRequest, drift: Id, why: Reason) -> Status[Decision]:
    """Plan to do again what was undone."""
    made = drifting.restore(actor_of(request), drift, reason=why.reason, now=clock.now())
    return Status(201, made)


@of_drift.post("/{drift}/accept", response=answers(DriftOut))
def accept_drift(request: HttpRequest, drift: Id, why: Reason) -> Drift:
    """Let it be as it is now."""
    drifting.accept(actor_of(request), drift, reason=why.reason, now=clock.now())
    return drift_for(actor_of(request), drift)


@of_steps.get("", response=answers(Page[StepOut]))
def list_steps(request: HttpRequest, find: Asked[FindSteps]) -> Cut[ManualStep]:
    """What is to be done by hand, the newest first."""
    rows = seen_by(actor_of(request), steps(), "order__app")
    if find.given_to:
        rows = rows.filter(given_to__public_id=find.given_to)
    return cut(_in(rows, find.state), find, newest_first=True)


@of_steps.get("/{step}", response=answers(StepOut))
def get_step(request: HttpRequest, step: Id) -> ManualStep:
    """One of them."""
    return step_for(actor_of(request), step)


@of_steps.post("/{step}/give", response=answers(StepOut))
def give_step(request: HttpRequest, step: Id, said: GiveIn) -> ManualStep:
    """Say who is to do it, and tell them."""
    manual.give(actor_of(request), step, to=said.to or "", now=clock.now())
    return step_for(actor_of(request), step)


@of_steps.post("/{step}/done", response=answers(StepOut))
def done_step(request: HttpRequest, step: Id, said: Proof) -> ManualStep:
    """It is done; the next sync looks whether it is so."""
    with transaction.atomic():
        return _ended(request, step, manual.done, proof=said.proof, file=_kept(said.file))


@of_steps.post("/{step}/cannot", response=answers(StepOut))
def cannot_step(request: HttpRequest, step: Id, why: Reason) -> ManualStep:
    """It cannot be done, and why."""
    return _ended(request, step, manual.cannot, reason=why.reason)


def _kept(sent: ProofFile | None) -> File | None:
    """In the caller's transaction: of a step that is refused nothing stays."""
    if sent is None:
        return None
    return store(io.BytesIO(sent.content), kind="proof", name=sent.name[:100], now=clock.now())


def _ended(
    request: HttpRequest, step: str, deed: Callable[..., object], **said: object
) -> ManualStep:  # fmt: skip
    deed(actor_of(request), step, now=clock.now(), **said)
    return step_for(actor_of(request), step)
