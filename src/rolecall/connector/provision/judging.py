"""Everything that carrying out needs, what comes of it, and what the guard says to a step.

Reads what the guard's facts are, uncached and no more than a judgement needs; changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rolecall.connector.guard import Allowed, Denied, Facts, Reach, cap, judge
from rolecall.connector.provision.journal import HOUR, Journal
from rolecall.connector.provision.operations import AnyOperation, Look
from rolecall.connector.provision.step import State, Step
from rolecall.notion.changes import Change
from rolecall.notion.client import Sent

__all__ = ["Desk", "Eyes", "Hands", "Result", "judged"]


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

    subject: str = ""
    """Id of what it is about, or of what it made; "" if nobody can tell."""

    notes: tuple[str, ...] = ()


async def judged(step: Step, desk: Desk) -> Allowed | Denied:
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
        if hint and hint != step.takes_owner:
            member = await desk.eyes.member(hint)
            if member and member.role == "owner" and member.active:
                return member.id
            break  # one stale hint is enough; a listing costs less than trying them all
    return next((one for one in await desk.eyes.owners() if one != step.takes_owner), "")
