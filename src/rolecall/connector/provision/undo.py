"""The way back: a new change that reverses an old one, itself planned, guarded and recorded.

Only what the journal knows to be verified and ours can be undone, only once, and only while Notion
still shows what that change made of it; whatever came later was somebody's decision too. A way back
of several steps that was interrupted is gone on with, not begun anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from msgspec import structs

from rolecall.connector.provision.journal import Entry, Happened
from rolecall.connector.provision.operations import (
    AddToGroup,
    AnyOperation,
    CreateAccount,
    CreateGroup,
    DeleteGroup,
    Operation,
    RemoveFromGroup,
    RenameGroup,
)
from rolecall.connector.provision.settle import Desk, Planned, Result, plan, settle
from rolecall.errors import Conflict, Error, Invalid, NotAllowed, WrongWorkspace

__all__ = ["plan_undo", "undo"]


async def undo(entry_id: str, desk: Desk, *, why: str = "") -> list[Result]:
    """Reverse an entry of the journal.

    Returns:
        What was done, in order; more than one where people or memberships must be made anew.

    Raises:
        Invalid: it failed, was not our doing, or was undone before.
        Conflict: Notion no longer shows what the entry made, or somebody is in its place.
        NotAllowed: there is no way back, or a guard forbids it.
        WrongWorkspace: the entry is about another workspace.
        Error: as `settle`; its hint says what was done before, and what is left to do.
    """
    way = await _way_back(entry_id, desk)
    made, results = way.made, list[Result]()
    for number, operation in enumerate(way.steps):
        try:
            result = await settle(_for(operation, made), desk, why=why, undoes=entry_id)
        except Error as error:
            if results:
                left = " ".join(_words(one) for one in way.steps[number:])
                error.hint = f"{error.hint} Done: {results[0].says} Left to do: {left}".strip()
            raise
        _insist_on_ours(operation, result)
        made = made or result.subject
        results.append(result)
    by = ", ".join((*way.taken, *(one.entry for one in results if one.entry)))
    desk.journal.note(entry_id, Happened(event="undone", at=desk.now(), says=by or "others"))
    return results


async def plan_undo(entry_id: str, desk: Desk) -> tuple[Planned, tuple[str, ...]]:
    """What reversing an entry would come to; changes nothing.

    Returns:
        The first step, and sentences about those that follow it.

    Raises:
        As `undo`.
    """
    way = await _way_back(entry_id, desk)
    first, *rest = way.steps
    return await plan(_for(first, way.made), desk), tuple(_words(one) for one in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What is left of a way back."""

    steps: tuple[Operation, ...]
    """In order; an empty id is what the first one makes."""

    taken: tuple[str, ...] = ()
    """Ids of the entries of the steps that were taken before."""

    made: str = ""
    """Id of what the first one made, if that was taken before."""


async def _way_back(entry_id: str, desk: Desk) -> _Way:
    entry = desk.journal.entry(entry_id)
    _insist_on_sense(entry, desk)
    opened, begun, anew = entry.opened, _begun(entry, desk), _made_anew(desk)
    back = opened.operation.back(opened.before, opened.step.people, entry.subject)
    steps = tuple(_now(one, anew) for one in back)
    if begun:
        made, done = begun[0].subject, [one.opened.operation for one in begun]
        left = tuple(one for one in steps[1:] if _for(one, made) not in done)
        if not left:
            raise Invalid(f"The entry {entry_id} was undone by {_ids(begun)[-1]}.")
        return _Way(steps=left, taken=_ids(begun), made=made)
    operation = _now(opened.operation, anew)
    if not operation.holds(await operation.look(desk.eyes)):
        raise Conflict(
            f"Since then Notion has changed: it no longer shows that {opened.step.says}",
            hint="Change it anew, if it shall be otherwise.",
        )
    return _Way(steps=steps)


def _insist_on_sense(entry: Entry, desk: Desk) -> None:
    entry_id = entry.opened.id
    if entry.state != "verified":
        raise Invalid(
            f"The entry {entry_id} is {entry.state}; only what was verified can be undone.",
            hint="`journal --resolve` looks what became of open entries.",
        )
    if entry.opened.workspace != desk.workspace:
        raise WrongWorkspace(
            f"The entry {entry_id} is about the workspace at {entry.opened.workspace}.",
            hint="Undo it with the token and --base-url of that workspace.",
        )
    if entry.opened.step.undo.how == "not":
        raise NotAllowed(f"There is no way back: {entry.opened.step.undo.why}.")
    if not entry.ours:
        raise Invalid(
            f"The entry {entry_id} changed nothing: somebody else had done the same, and ours was "
            "refused.",
            hint="Change it anew, if it shall be otherwise.",
        )
    if undone := [one.says for one in entry.happened if one.event == "undone"]:
        raise Invalid(f"The entry {entry_id} was undone by {undone[0]}.")


def _begun(entry: Entry, desk: Desk) -> list[Entry]:
    """The entries of those steps of the way back that were taken already, oldest first."""
    return [
        one
        for one in desk.journal.entries(since=entry.opened.at)
        if one.opened.undoes == entry.opened.id and one.state == "verified"
    ]


def _made_anew(desk: Desk) -> dict[str, str]:
    """Ids of groups that were deleted, and the ids under which an undo has made them again."""
    entries = [one for one in desk.journal.entries() if one.state == "verified"]
    deleted = {
        one.opened.id: one.opened.operation.group_id
        for one in entries
        if isinstance(one.opened.operation, DeleteGroup)
    }
    return {
        deleted[one.opened.undoes]: one.subject
        for one in entries
        if one.opened.undoes in deleted and isinstance(one.opened.operation, CreateGroup)
    }


def _now(operation: Operation, anew: Mapping[str, str]) -> Operation:
    """The same operation, on the group that stands for the one that was."""
    if not isinstance(operation, AddToGroup | RemoveFromGroup | RenameGroup | DeleteGroup):
        return operation
    group_id, seen = operation.group_id, set[str]()
    while group_id in anew and group_id not in seen:
        seen.add(group_id)
        group_id = anew[group_id]
    return structs.replace(operation, group_id=group_id) if seen else operation


def _ids(entries: list[Entry]) -> tuple[str, ...]:
    return tuple(one.opened.id for one in entries)


def _insist_on_ours(operation: Operation, result: Result) -> None:
    """What bears the name already is another person or group; it must not get what is left."""
    if result.already and isinstance(operation, CreateAccount | CreateGroup):
        raise Conflict(
            f"{result.says} It is not what was there before.",
            hint="Change it by hand, if it shall be otherwise.",
        )


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
