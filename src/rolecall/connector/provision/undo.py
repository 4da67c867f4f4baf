"""The way back: a new change that reverses an old one, itself planned, guarded and recorded.

Only what the journal knows to be verified can be undone, only once, and only while Notion still
shows what that change made of it; whatever came later was somebody's decision too.
"""

from typing import cast

from rolecall.connector.provision.journal import Entry
from rolecall.connector.provision.operations import AddToGroup, AnyOperation, Operation
from rolecall.connector.provision.settle import Desk, Result, settle
from rolecall.connector.provision.step import State
from rolecall.errors import Conflict, Error, Invalid, NotAllowed, WrongWorkspace

__all__ = ["undo", "way_back"]


async def undo(entry_id: str, desk: Desk, *, why: str = "") -> list[Result]:
    """Reverse an entry of the journal.

    Returns:
        What was done, in order; more than one where people or memberships must be made anew.

    Raises:
        Invalid: it failed, or was undone before.
        Conflict: Notion no longer shows what the entry made.
        NotAllowed: there is no way back, or a guard forbids it.
        WrongWorkspace: the entry is about another workspace.
        Error: as `settle`; its hint says what was done before, and what is left to do.
    """
    results = list[Result]()
    steps = await way_back(entry_id, desk)
    for number, operation in enumerate(steps):
        made = _subject(results[0].after) if results else ""
        try:
            results.append(await settle(_for(operation, made), desk, why=why, undoes=entry_id))
        except Error as error:
            if results:
                left = " ".join(_words(one) for one in steps[number:])
                error.hint = f"{error.hint} Done: {results[0].says} Left to do: {left}".strip()
            raise
    return results


async def way_back(entry_id: str, desk: Desk) -> tuple[Operation, ...]:
    """The operations that reverse an entry, in order.

    In all but the first, an empty id stands for what the first one makes.

    Raises:
        As `undo`, before anything is changed.
    """
    entry = desk.journal.entry(entry_id)
    _insist_on_sense(entry, desk)
    opened = entry.opened
    if not opened.operation.holds(await opened.operation.look(desk.eyes)):
        raise Conflict(
            f"Since then Notion has changed: it no longer shows that {opened.step.says}",
            hint="Change it anew, if it shall be otherwise.",
        )
    return opened.operation.back(opened.before, opened.step.people, entry.subject)


def _insist_on_sense(entry: Entry, desk: Desk) -> None:
    if entry.state != "verified":
        raise Invalid(
            f"The entry {entry.opened.id} is {entry.state}; only what was verified can be undone.",
            hint="`journal --resolve` looks what became of open entries.",
        )
    if entry.opened.workspace != desk.workspace:
        raise WrongWorkspace(
            f"The entry {entry.opened.id} is about the workspace at {entry.opened.workspace}.",
            hint="Undo it with the token and --base-url of that workspace.",
        )
    if entry.opened.step.undo.how == "not":
        raise NotAllowed(f"There is no way back: {entry.opened.step.undo.why}.")
    for other in desk.journal.entries():
        if other.opened.undoes == entry.opened.id and other.state == "verified":
            raise Invalid(f"The entry {entry.opened.id} was undone by {other.opened.id}.")


def _subject(state: State) -> str:
    """The id of what an operation was about."""
    return (*(p.id for p in state.people), *(g.id for g in state.groups), "")[0]


def _for(operation: Operation, made: str) -> AnyOperation:
    """Put the id of what was made where the reversal left it open."""
    if not isinstance(operation, AddToGroup):
        return cast("AnyOperation", operation)
    return AddToGroup(
        group_id=operation.group_id or made,
        user_ids=tuple(one or made for one in operation.user_ids),
        called={key or made: name for key, name in operation.called.items()},
    )


def _words(operation: Operation) -> str:
    """What is left of a way back, for a person who goes on by hand."""
    return operation.asks() if isinstance(operation, AddToGroup) else type(operation).__name__
