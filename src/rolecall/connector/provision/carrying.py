"""One journal entry on its way from opened to verified or failed.

The loop is the same for every operation and every mishap. After each attempt Notion is read,
uncached; if it shows what was asked, that is the result, whatever the answers said. If it does not,
what is left to do is worked out anew and guarded anew. Nothing is reported that was not seen.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import msgspec

from rolecall.connector.guard import Denied
from rolecall.connector.provision.journal import Entry, Happened, Opened
from rolecall.connector.provision.judging import Desk, Result, judged
from rolecall.connector.provision.step import Already, State, Step
from rolecall.errors import (
    BadConfig,
    Error,
    Gone,
    RateLimited,
    Refused,
    Retry,
    Unreachable,
    Unverified,
)
from rolecall.notion.changes import Change
from rolecall.notion.client import Sent

__all__ = ["ATTEMPTS", "IN_FLIGHT", "Carrying", "subject_of"]

ATTEMPTS: Final = 3

IN_FLIGHT: Final = timedelta(seconds=60)
"""For so long a request whose sender died may still take effect."""


class Carrying:
    """Carries one entry out.

    Args:
        desk: where.
        opened: the entry, on disk already.
    """

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened
        self._operation = opened.operation
        self._notes: list[str] = []
        self._ours = False
        """Whether a request of ours may have had an effect: not every one was plainly refused."""

        self._sent = False
        """Whether anything has left us."""

        self._made = ""
        """Id in the answer to a POST; believed once it is seen elsewhere."""

    async def out(self, step: Step) -> Result:
        """Send, look, and send again what is left, until Notion shows it or will not.

        Raises:
            Error: as `settle`.
        """
        problem: Error | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._guard(step)
            problem = await self._send(step.changes)
            state = await self._mended(await self._look(problem))
            if self._operation.holds(state):
                return self._verified(state)
            step = self._left(state, step)
            if problem is not None and not _open(problem):
                break
        raise self._failed(step, problem)

    async def resumed(self, entry: Entry) -> str:
        """What became of an entry whose process died.

        Raises:
            Error: Notion cannot be looked at; the entry stays open.
        """
        if not entry.called:
            return self._note("failed", "never sent")
        self._ours = entry.ours
        state = await self._mended(await self._operation.look(self._desk.eyes))
        if self._operation.holds(state):
            self._verified(state, "seen when the journal was resolved")
            return "seen when the journal was resolved"
        if self._desk.now() - entry.happened[-1].at < IN_FLIGHT:
            return "sent a moment ago, and not to be seen yet; stays open"
        left = self._left(state, self._opened.step)
        return self._note(
            "failed", f"sent before a crash, and Notion does not show it. {self._shows(left)}"
        )

    async def _send(self, changes: Iterable[Change]) -> Error | None:
        """Send one after the other; stop at the first error and hand it back."""
        for change in changes:
            self._note("calling", f"{change.method} {change.path}: {change.words}")
            self._sent = True
            try:
                sent = await self._desk.hands.send(change)
            except RateLimited as error:  # Notion did not look at it
                self._note("answered", error.what)
                return error
            except Retry as error:
                self._ours = True
                self._note("unknown", error.what)
                return error
            except Error as error:
                self._note("answered", error.what)
                return error
            self._ours = True
            self._note("answered", status=sent.status)
            self._made = _id_in(sent) if change.method == "POST" else self._made
        return None

    async def _look(self, problem: Error | None) -> State:
        """What Notion shows now; without that, nobody may say how it ended."""
        try:
            return await self._operation.look(self._desk.eyes)
        except Error as error:
            if problem is not None and not self._ours:
                self._note("failed", f"{problem.what} Nothing was changed.")
                raise _adding(self._operation.explain(problem), "Nothing was changed.") from error
            self._note("noted", f"could not look: {error.what}")
            raise Unverified(
                f"{self._opened.step.says} This was sent, and whether it is so could not be seen: "
                f"{error.what}",
                hint="Run `journal --resolve` when Notion can be read again. " + error.hint,
            ) from error

    def _verified(self, state: State, says: str = "") -> Result:
        subject = subject_of(self._opened.before, state, self._made)
        others = "" if self._ours else "It is so by somebody else's doing: ours was refused."
        self._note("verified", others or says or self._opened.step.says, subject=subject)
        now = self._operation.step(state)
        held = now if isinstance(now, Already) else Already(says=self._opened.step.says)
        return Result(
            operation=self._operation,
            says=(self._opened.step.done or self._opened.step.says) if self._ours else held.says,
            differs=held.differs,
            seen_at=self._desk.now(),
            already=not self._ours,
            before=self._opened.before,
            after=state,
            entry=self._opened.id,
            subject=subject,
            notes=tuple(self._notes),
        )

    async def _mended(self, state: State) -> State:
        """If ours made it so, and did more than was asked, put that back; what is shown then."""
        mending = self._operation.damage(self._opened.before, state)
        if mending is None or not self._ours or not self._operation.holds(state):
            return state
        problem: Error | None = None
        for _ in range(ATTEMPTS):
            try:
                step = mending.step(state)
            except Gone:  # nothing is left to put anybody back into
                return state
            if isinstance(step, Already):
                return state
            self._notes.append(f"Notion did more than was asked; put back: {step.says}")
            self._note("noted", self._notes[-1])
            problem = await self._send(step.changes)
            state = await self._look(problem)
        if mending.holds(state):
            return state
        said = problem.what if problem else "Notion says yes and does nothing."
        what = f"{self._opened.step.says} So it is, but others lost the same: {said}"
        self._note("failed", what)
        hint = f"Put them back by hand; the journal entry {self._opened.id} knows who they were."
        raise Unverified(what, hint=hint)

    def _left(self, state: State, step: Step) -> Step:
        """What is still to be done.

        Raises:
            Refused: in the meantime it became impossible.
        """
        try:
            left = self._operation.step(state)
        except Refused as error:
            self._note("failed", error.what)
            raise
        return left if isinstance(left, Step) else step

    async def _guard(self, step: Step) -> None:
        """Ask again: what is left to do may be another thing by now."""
        try:
            verdict = await judged(step, self._desk)
        except Error as error:
            raise self._failed(step, error) from error
        if isinstance(verdict, Denied):
            self._note("failed", verdict.why)
            raise Refused(f"{verdict.why} {self._shows(step)}", hint=verdict.way_out)

    def _failed(self, left: Step, problem: Error | None) -> Error:
        shows = self._shows(left)
        self._note("failed", f"{problem.what if problem else 'Said yes.'} {shows}")
        if problem is None:
            return Unverified(
                f"Notion said yes, and yet it is not so. {shows}",
                hint="Try again; if it stays so, change it in Notion and report this.",
            )
        problem = _adding(self._operation.explain(problem), shows)
        if isinstance(problem, Unreachable):
            late = "A request whose answer is lost may still take effect; look again later."
            problem.hint = f"{late} {problem.hint}".strip()
        return problem

    def _shows(self, left: Step) -> str:
        """What Notion shows, and what is still to be done if a part was."""
        shows = f"Notion shows: {left.before}."
        part = 0 < len(left.people) < len(self._opened.step.people)
        return f"{shows} Done in part; what is left: {left.says}" if part else shows

    def _note(self, event: str, says: str = "", *, status: int = 0, subject: str = "") -> str:
        happened = Happened(
            event=event, at=self._desk.now(), says=says, status=status, subject=subject
        )
        try:
            self._desk.journal.note(self._opened.id, happened)
        except BadConfig as error:
            if not self._sent:
                raise
            raise Unverified(
                f"{self._opened.step.says} This was sent, and then the journal could not be "
                f"written: {error.what}",
                hint="Free or fix the folder, then run `journal --resolve`: it looks what is so.",
            ) from error
        return says


def _open(problem: Error) -> bool:
    """Whether another attempt may bring what this one did not."""
    return isinstance(problem, Retry) and not isinstance(problem, RateLimited)


def _adding(problem: Error, words: str) -> Error:
    """The same error, saying more."""
    problem.what = f"{problem.what} {words}"
    problem.args = (problem.what,)
    return problem


class _Made(msgspec.Struct):
    id: str = ""


def _id_in(sent: Sent) -> str:
    """The id in an answer, if there is one."""
    try:
        made = msgspec.json.decode(sent.body, type=_Made)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return made.id


def subject_of(before: State, after: State, made: str) -> str:
    """Id of the one thing that it is about, or that is new; "" if that cannot be told."""
    there, known = _ids(after), _ids(before)
    if made in there:
        return made
    new = [one for one in there if one not in known] or there
    return new[0] if len(new) == 1 else ""


def _ids(state: State) -> list[str]:
    return [*(one.id for one in state.people), *(one.id for one in state.groups)]
