"""Carry an operation out: look, judge, record, send, look again, and say what is so.

The loop is the same for every operation and every mishap. After each attempt Notion is read,
uncached; if it shows what was asked, that is the result, whatever the answers said. If it does not,
what is left to do is worked out anew and guarded anew. Nothing is reported that was not seen.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from rolecall.connector.guard import Allowed, Denied, Facts, Reach, cap, judge
from rolecall.connector.provision.journal import HOUR, Entry, Happened, Journal, Opened
from rolecall.connector.provision.operations import AnyOperation, Look
from rolecall.connector.provision.step import Already, State, Step
from rolecall.errors import BadRecord, Error, Fatal, Refused, Retry, Skip, Unverified
from rolecall.notion.changes import Change
from rolecall.notion.client import Sent

__all__ = ["Desk", "Eyes", "Hands", "Planned", "Result", "plan", "resolve", "settle"]

ATTEMPTS: Final = 3


class Eyes(Look, Protocol):
    """What looking needs beyond single records: for the guard."""

    async def owners(self) -> list[str]:
        """Ids of all workspace owners."""

    async def count(self) -> int:
        """How many members the workspace has."""


class Hands(Protocol):
    """What sends changes."""

    async def send(self, change: Change) -> Sent:
        """Send one, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that carrying out needs."""

    eyes: Eyes
    hands: Hands
    journal: Journal
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    actor: str
    workspace: str
    token_owner: str = ""
    """Id of the person whose token we use."""

    owner_hints: Callable[[], Iterable[str]] = tuple
    """Ids of people who may be owners; each is looked at before it is believed."""

    agreed: int = 0
    """How many people somebody agreed to change within the hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What an operation would come to, as things are."""

    operation: AnyOperation
    step: Step | Already
    state: State
    verdict: Allowed | Denied


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is so now; seen, not believed."""

    operation: AnyOperation
    says: str
    seen_at: datetime
    already: bool
    """Whether it was so before, without our doing."""

    differs: tuple[str, ...] = ()
    """Where it is not quite what was asked, in words."""

    before: State = field(default_factory=State)
    after: State = field(default_factory=State)
    entry: str = ""
    """Id of the journal entry; "" if nothing was sent."""

    notes: tuple[str, ...] = ()


async def plan(operation: AnyOperation, desk: Desk) -> Planned:
    """What an operation would come to; changes nothing.

    Raises:
        Refused: it cannot be done, whoever asks.
    """
    state = await operation.look(desk.eyes)
    step = operation.step(state)
    verdict: Allowed | Denied = Allowed()
    if isinstance(step, Step):
        verdict = await _judged(step, desk)
    return Planned(operation=operation, step=step, state=state, verdict=verdict)


async def settle(operation: AnyOperation, desk: Desk, *, why: str = "", undoes: str = "") -> Result:
    """Make it so, and verify.

    Raises:
        Refused: a guard forbids it (FailedPrecondition: what is missing is named).
        NotAllowed: Notion forbids it.
        Unverified: it was sent, and Notion shows something else, or nothing.
        Error: it could not be done; the message says what Notion shows.
    """
    planned = await plan(operation, desk)
    if isinstance(planned.step, Already):
        return _already(planned, planned.step, desk)
    _insist(planned.verdict)
    before = await operation.remember(desk.eyes, planned.state)
    opened = Opened(
        id=desk.new_id(),
        at=desk.now(),
        actor=desk.actor,
        why=why,
        workspace=desk.workspace,
        operation=operation,
        step=planned.step,
        before=before,
        undoes=undoes,
    )
    desk.journal.open(opened)
    return await _Carrying(desk, opened).out(planned.step, planned.state)


def _already(planned: Planned, step: Already, desk: Desk) -> Result:
    return Result(
        operation=planned.operation,
        says=step.says,
        seen_at=desk.now(),
        already=True,
        differs=step.differs,
        before=planned.state,
        after=planned.state,
    )


def _insist(verdict: Allowed | Denied) -> None:
    if isinstance(verdict, Denied):
        raise Refused(verdict.why, hint=verdict.way_out)


async def _judged(step: Step, desk: Desk) -> Allowed | Denied:
    """What the guard says, on facts that are read now."""
    reach = Reach(people=step.people, takes_owner=step.takes_owner, removes=step.removes)
    return judge(reach, await _facts(step, desk))


async def _facts(step: Step, desk: Desk) -> Facts:
    """Only what this step's judgement needs is asked for."""
    changed = desk.journal.changed_since(desk.now() - HOUR)
    many = len(set(changed) | set(step.people)) > max(cap(0), desk.agreed)
    return Facts(
        token_owner=desk.token_owner,
        another_owner=await _another_owner(step, desk) if step.takes_owner else "",
        changed=changed,
        members=await desk.eyes.count() if many else 0,
        agreed=desk.agreed,
    )


async def _another_owner(step: Step, desk: Desk) -> str:
    """Another owner, seen just now: a hint that proves true, else whoever a listing shows."""
    for hint in desk.owner_hints():
        if hint != step.takes_owner:
            member = await desk.eyes.member(hint)
            if member and member.role == "owner" and member.active:
                return member.id
            break  # one stale hint is enough; a listing costs less than trying them all
    return next((one for one in await desk.eyes.owners() if one != step.takes_owner), "")


class _Carrying:
    """One entry on its way from opened to verified or failed."""

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened
        self._operation = opened.operation
        self._notes: list[str] = []

    async def out(self, step: Step, state: State) -> Result:
        problem: Error | None = None
        for _ in range(ATTEMPTS):
            problem = await self._send(step.changes)
            state = await self._look()
            if self._operation.holds(state):
                return await self._verified(state)
            if problem is not None and not isinstance(problem, Retry):
                break
            left = self._operation.step(state)
            if isinstance(left, Step):
                step = left
                self._guard(await _judged(step, self._desk))
        raise self._failed(step, problem)

    async def _send(self, changes: Iterable[Change]) -> Error | None:
        """Send one after the other; stop at the first error and hand it back."""
        for change in changes:
            self._note("calling", says=f"{change.method} {change.path}: {change.words}")
            try:
                sent = await self._desk.hands.send(change)
            except Retry as error:
                self._note("unknown", says=error.what)
                return error
            except Error as error:
                self._note("answered", says=error.what)
                return error
            self._note("answered", status=sent.status)
        return None

    async def _look(self) -> State:
        """What Notion shows now; without that, nobody may say how it ended."""
        try:
            return await self._operation.look(self._desk.eyes)
        except (Retry, Fatal, BadRecord) as error:
            self._note("noted", says=f"could not look: {error.what}")
            raise Unverified(
                f"{self._opened.step.says} This was sent, and whether it is so could not be seen: "
                f"{error.what}",
                hint="Run `journal --resolve` when Notion can be read again. " + error.hint,
            ) from error

    async def _verified(self, state: State) -> Result:
        state = await self._mend(state)
        subject = (*(p.id for p in state.people), *(g.id for g in state.groups), "")[0]
        self._note("verified", says=self._opened.step.says, subject=subject)
        now = self._operation.step(state)
        return Result(
            operation=self._operation,
            says=self._opened.step.done or self._opened.step.says,
            differs=now.differs if isinstance(now, Already) else (),
            seen_at=self._desk.now(),
            already=False,
            before=self._opened.before,
            after=state,
            entry=self._opened.id,
            notes=tuple(self._notes),
        )

    async def _mend(self, state: State) -> State:
        """If more happened than was asked, put that back."""
        mending = self._operation.damage(self._opened.before, state)
        if mending is None:
            return state
        step = mending.step(state)
        if isinstance(step, Step):
            self._notes.append(f"Notion did more than was asked; put back: {step.says}")
            self._note("noted", says=self._notes[-1])
            problem = await self._send(step.changes)
            state = await self._look()
            if not mending.holds(state):
                raise self._failed(step, problem)
        return state

    def _guard(self, verdict: Allowed | Denied) -> None:
        if isinstance(verdict, Denied):
            self._note("failed", says=verdict.why)
        _insist(verdict)

    def _failed(self, step: Step, problem: Error | None) -> Error:
        shows = f"Notion shows: {step.before}."
        self._note("failed", says=f"{problem.what if problem else 'Said yes.'} {shows}")
        if problem is None:
            return Unverified(
                f"Notion said yes, and yet it is not so. {shows}",
                hint="Try again; if it stays so, change it in Notion and report this.",
            )
        problem = self._operation.explain(problem)
        return type(problem)(f"{problem.what} {shows}", hint=problem.hint)

    def _note(self, event: str, *, says: str = "", status: int = 0, subject: str = "") -> None:
        self._desk.journal.note(
            self._opened.id,
            Happened(event=event, at=self._desk.now(), says=says, status=status, subject=subject),
        )


async def resolve(desk: Desk) -> list[tuple[Entry, str]]:
    """Close the entries that a crash left open, by looking; returns each with what became of it."""
    found = []
    for entry in [one for one in desk.journal.entries() if one.state == "open"]:
        if entry.opened.workspace != desk.workspace:
            continue  # of another workspace that shares the journal; not ours to look at
        try:
            state = await entry.opened.operation.look(desk.eyes)
        except (Skip, Refused) as error:
            found.append((entry, f"could not be looked at, and stays open: {error.what}"))
            continue
        if entry.opened.operation.holds(state):
            event, says = "verified", "seen when the journal was resolved"
        elif entry.called:
            event, says = "failed", "sent before a crash, and Notion does not show it"
        else:
            event, says = "failed", "never sent"
        desk.journal.note(entry.opened.id, Happened(event=event, at=desk.now(), says=says))
        found.append((desk.journal.entry(entry.opened.id), says))
    return found
