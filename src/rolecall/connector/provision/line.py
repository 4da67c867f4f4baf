"""What became of one wish, as one line for a person or a program. Pure.

The same line serves the plan and the result: a plan says what would be sent and whether there is a
way back, a result says what Notion showed afterwards, and when.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from rolecall.connector.guard import Denied
from rolecall.connector.provision.settle import Planned, Result
from rolecall.connector.provision.step import Already, Step, Undo
from rolecall.connector.provision.wish import Wish
from rolecall.errors import Code, Error, Refused

__all__ = ["COLUMNS", "Line", "Outcome", "already_line", "as_text", "failed_line", "planned_line"]

Outcome = Literal["planned", "done", "already", "refused", "failed", "not tried"]

COLUMNS: Final = (
    "row",
    "operation",
    "who",
    "outcome",
    "says",
    "before",
    "after",
    "calls",
    "guard",
    "undo",
    "differs",
    "notes",
    "entry",
    "seen_at",
    "code",
)
"""The keys of a line for programs, in order; docs/reference/json.md explains them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What became of a wish, or would."""

    wish: Wish
    outcome: Outcome
    says: str
    before: str = ""
    after: str = ""
    calls: tuple[str, ...] = ()
    guard: str = ""
    undo: str = ""
    differs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    entry: str = ""
    seen_at: datetime | None = None
    error: Error | None = field(default=None)

    @property
    def code(self) -> int:
        """The gRPC code: 0 if it is so, or would be."""
        return int(self.error.code) if self.error else int(Code.OK)

    def cells(self) -> tuple[Any, ...]:
        """In the order of `COLUMNS`."""
        seen = self.seen_at.isoformat() if self.seen_at else ""
        return (
            self.wish.row,
            self.wish.verb,
            self.wish.who,
            self.outcome,
            self.says,
            self.before,
            self.after,
            list(self.calls),
            self.guard,
            self.undo,
            list(self.differs),
            list(self.notes),
            self.entry,
            seen,
            self.code,
        )

    def done(self, result: Result, says: str = "") -> "Line":
        """The same wish once it is carried out."""
        return replace(
            self,
            error=None,
            outcome="already" if result.already else "done",
            says=says or result.says,
            differs=result.differs,
            notes=(*self.notes, *result.notes),
            entry=result.entry,
            seen_at=result.seen_at,
            undo=self.undo if result.entry else "",
        )


def planned_line(wish: Wish, planned: Planned, notes: tuple[str, ...] = ()) -> Line:
    """What a wish would come to, as things are."""
    step = planned.step
    if isinstance(step, Already):
        return already_line(wish, step, notes)
    error: Error | None = None
    if isinstance(planned.verdict, Denied):
        error = Refused(planned.verdict.why, hint=planned.verdict.way_out)
    return Line(
        wish=wish,
        outcome="refused" if error else "planned",
        error=error,
        says=step.says,
        before=step.before,
        after=step.after,
        calls=_calls(step),
        guard=_guard(planned),
        undo=as_text(step.undo),
        notes=notes,
    )


def already_line(
    wish: Wish, already: Already, notes: tuple[str, ...] = (), seen_at: datetime | None = None
) -> Line:
    """A wish that is fulfilled without our doing."""
    return Line(
        wish=wish,
        outcome="already",
        says=already.says,
        differs=already.differs,
        notes=notes,
        seen_at=seen_at,
    )


def failed_line(wish: Wish, error: Error) -> Line:
    """A wish that cannot be, or could not be, fulfilled."""
    return Line(wish=wish, outcome="failed", says=str(error), error=error)


def _calls(step: Step) -> tuple[str, ...]:
    return tuple(f"{one.method} {one.path}" for one in step.changes)


def _guard(planned: Planned) -> str:
    if isinstance(planned.verdict, Denied):
        return f"refused: {planned.verdict.why} {planned.verdict.way_out}"
    return "allowed"


def as_text(undo: Undo) -> str:
    """Whether there is a way back, as one phrase."""
    return f"{undo.how}: {undo.why}" if undo.why else undo.how
