"""Every error that Rolecall raises on purpose, grouped by what the caller must do.

    Every Error is one of
    ├── Retry       try later           RateLimited · Unreachable · NotionBroken
    ├── Skip        this item only      BadRecord
    ├── Refused     tell the person     NotAllowed · Conflict · Gone · Invalid · Unsupported
    ├── Fatal       a person must act   BadToken · WrongPlan · WrongWorkspace · BadConfig
    │                                   BadFile · BrokenChain
    └── Stopped     the run ended early Interrupted · Unfinished · Unverified · DiskFull

Callers write ``except Retry``; nobody matches on message texts.
Each class carries the gRPC code that becomes the exit status, as Baton's own runner does it.
`docs/reference/errors.md` is the same table for people; a test keeps the two equal.

This module imports nothing of Rolecall and performs no I/O.
"""

from enum import IntEnum
from typing import ClassVar

__all__ = [
    "BadConfig",
    "BadFile",
    "BadRecord",
    "BadToken",
    "BrokenChain",
    "Code",
    "Conflict",
    "DiskFull",
    "Error",
    "Fatal",
    "Gone",
    "Interrupted",
    "Invalid",
    "NotAllowed",
    "NotionBroken",
    "RateLimited",
    "Refused",
    "Retry",
    "Skip",
    "Stopped",
    "Unfinished",
    "Unreachable",
    "Unsupported",
    "Unverified",
    "WrongPlan",
    "WrongWorkspace",
]


class Code(IntEnum):
    """gRPC status codes, which are also our exit statuses."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Error(Exception):
    """What happened, and what to do about it.

    Args:
        what: one sentence for a person; never holds a secret.
        hint: one sentence that says who can fix it and how; may be empty.
    """

    code: ClassVar[Code] = Code.UNKNOWN

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class Retry(Error):
    """Trying again later may work; nothing is known to be wrong on our side."""

    code = Code.UNAVAILABLE


class RateLimited(Retry):
    """Notion asked us to slow down (HTTP 429 or 529).

    Args:
        what: one sentence for a person.
        retry_after_s: seconds that Notion asked us to wait, or None when it did not say.
        hint: what to do about it.
    """

    def __init__(self, what: str, *, retry_after_s: float | None = None, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.retry_after_s = retry_after_s


class Unreachable(Retry):
    """No answer: refused, reset, timed out, or the name does not resolve."""


class NotionBroken(Retry):
    """Notion, or a proxy before it, answered with a 5xx or with something that is no answer."""


class Skip(Error):
    """One item is unusable; the others are fine."""

    code = Code.DATA_LOSS


class BadRecord(Skip):
    """A record lacks what we cannot do without.

    Args:
        where: which record, as far as it can be named ("user 202").
        why: what is wrong with it.
        record_id: its id, if at least that could be read.
    """

    def __init__(self, where: str, why: str, *, record_id: str = "") -> None:
        super().__init__(f"{where}: {why}.")
        self.where = where
        self.why = why
        self.id = record_id


class Refused(Error):
    """The answer is no; repeating the request changes nothing."""

    code = Code.FAILED_PRECONDITION


class NotAllowed(Refused):
    """Notion, or a guard of ours, forbids it."""

    code = Code.PERMISSION_DENIED


class Conflict(Refused):
    """Something is in the way: it exists already, or somebody else is at work."""

    code = Code.ABORTED


class Gone(Refused):
    """It is not there (any more)."""

    code = Code.NOT_FOUND


class Invalid(Refused):
    """What was asked makes no sense."""

    code = Code.INVALID_ARGUMENT


class Unsupported(Refused):
    """Nobody can do it here: Notion or this connector has nothing of that kind."""

    code = Code.UNIMPLEMENTED


class Fatal(Error):
    """A person must act before anything can work."""

    code = Code.FAILED_PRECONDITION


class BadToken(Fatal):
    """Notion does not know the token (any more)."""

    code = Code.UNAUTHENTICATED


class WrongPlan(Fatal):
    """The token is known, and this workspace may not do it."""

    code = Code.PERMISSION_DENIED


class WrongWorkspace(Fatal):
    """The token belongs to another workspace than the one we were told."""

    code = Code.FAILED_PRECONDITION


class BadConfig(Fatal):
    """A flag, variable, file or folder that we were given is unusable."""

    code = Code.INVALID_ARGUMENT


class BadFile(Fatal):
    """A file is not what it should be: foreign, damaged, or of a format that we do not read."""

    code = Code.INVALID_ARGUMENT


class BrokenChain(Fatal):
    """A chain of evidence does not add up: somebody changed it."""

    code = Code.DATA_LOSS


class Stopped(Error):
    """The run ended before its end; what was proved so far is kept."""

    code = Code.ABORTED


class Interrupted(Stopped):
    """SIGINT or SIGTERM."""

    code = Code.CANCELLED


class Unfinished(Stopped):
    """We could not prove that we saw everything, so nothing is called complete."""


class Unverified(Stopped):
    """Something was sent, and we cannot say that it is so; the message says what Notion shows."""

    code = Code.UNKNOWN


class DiskFull(Stopped):
    """No space left where the file is written."""

    code = Code.RESOURCE_EXHAUSTED
