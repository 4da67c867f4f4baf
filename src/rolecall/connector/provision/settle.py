"""Carry an operation out: look, judge, record, send, look again, and say what is so.

The loop is the same for every operation and every mishap. After each attempt Notion is read,
uncached; if it shows what was asked, that is the result, whatever the answers said. If it does not,
what is left to do is worked out anew and guarded anew. Nothing is reported that was not seen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from rolecall.connector.guard import Allowed, Denied
from rolecall.connector.provision.carrying import Carrying, subject_of
from rolecall.connector.provision.journal import Entry, Opened
from rolecall.connector.provision.judging import Desk, Eyes, Hands, Result, judged
from rolecall.connector.provision.operations import AnyOperation
from rolecall.connector.provision.step import Already, State, Step
from rolecall.errors import Refused, Skip, Unverified

__all__ = ["Desk", "Eyes", "Hands", "Planned", "Result", "plan", "resolve", "settle"]

FRESH: Final = timedelta(seconds=5)
"""For so long a plan is good, if nothing was changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What an operation would come to, as things are."""

    operation: AnyOperation
    step: Step | Already
    state: State
    verdict: Allowed | Denied
    at: datetime
    """When it was begun to look."""

    opened: int
    """How many entries this desk's journal had been given by then."""


async def plan(operation: AnyOperation, desk: Desk) -> Planned:
    """What an operation would come to; changes nothing.

    Raises:
        Refused: it cannot be done, whoever asks.
    """
    at, opened = desk.now(), desk.journal.opened
    state = await operation.look(desk.eyes)
    step = operation.step(state)
    verdict: Allowed | Denied = Allowed()
    if isinstance(step, Step):
        verdict = await judged(step, desk)
    return Planned(
        operation=operation, step=step, state=state, verdict=verdict, at=at, opened=opened
    )


async def settle(
    operation: AnyOperation,
    desk: Desk,
    *,
    why: str = "",
    undoes: str = "",
    planned: Planned | None = None,
) -> Result:
    """Make it so, and verify.

    Args:
        operation: what is asked.
        desk: where.
        why: for the journal.
        undoes: the entry that this reverses.
        planned: what `plan` said; it is planned anew unless that was just now, and nothing was
            changed since.

    Raises:
        Refused: a guard forbids it (FailedPrecondition: what is missing is named).
        NotAllowed: Notion forbids it.
        Unverified: it was sent, and Notion shows something else, or nothing.
        Error: it could not be done; the message says what Notion shows.
    """
    if planned is None or _stale(planned, desk):
        planned = await plan(operation, desk)
    step = planned.step
    if isinstance(step, Already):
        return _already(planned, step, desk)
    _insist(planned.verdict)
    before = await operation.remember(desk.eyes, planned.state)
    if before is not planned.state:  # it took a while, and the guard judges by what is so now
        planned = await plan(operation, desk)
        step = planned.step
        if isinstance(step, Already):
            return _already(planned, step, desk)
        _insist(planned.verdict)
        before = structs.replace(before, people=planned.state.people)
    opened = Opened(
        id=desk.new_id(),
        at=desk.now(),
        actor=desk.actor,
        why=why,
        workspace=desk.workspace,
        operation=operation,
        step=step,
        before=before,
        undoes=undoes,
    )
    desk.journal.open(opened)
    return await Carrying(desk, opened).out(step)


def _stale(planned: Planned, desk: Desk) -> bool:
    """Whether anything may have changed since, by time or by us; the guard must not rest on it."""
    if desk.now() - planned.at > FRESH:
        return True
    return planned.opened != desk.journal.opened


def _already(planned: Planned, step: Already, desk: Desk) -> Result:
    return Result(
        operation=planned.operation,
        says=step.says,
        seen_at=desk.now(),
        already=True,
        differs=step.differs,
        before=planned.state,
        after=planned.state,
        subject=subject_of(State(), planned.state, ""),
    )


def _insist(verdict: Allowed | Denied) -> None:
    if isinstance(verdict, Denied):
        raise Refused(verdict.why, hint=verdict.way_out)


async def resolve(desk: Desk) -> list[tuple[Entry, str]]:
    """Close the entries that a crash left open, by looking; returns each with what became of it.

    An entry that cannot be looked at stays open, and so does one whose request is so young that it
    may still take effect.

    Raises:
        Error: Notion cannot be asked at all.
    """
    found = []
    for entry in [one for one in desk.journal.entries() if one.state == "open"]:
        if entry.opened.workspace != desk.workspace:
            continue  # of another workspace that shares the journal; not ours to look at
        try:
            says = await Carrying(desk, entry.opened).resumed(entry)
        except (Skip, Refused, Unverified) as error:
            says = error.what
        now = desk.journal.entry(entry.opened.id)
        if now.state == "open" and "stays open" not in says:
            says = f"could not be looked at, and stays open: {says}"
        found.append((now, says))
    return found
