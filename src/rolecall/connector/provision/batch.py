"""Many wishes at once: understood and planned first, then carried out one after the other.

Owns the order, who shares a request (people who join or leave the same group), and what a failure
means for the rest. Whatever is carried out is looked at and guarded anew by `settle`; a plan is a
promise to nobody.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rolecall.connector.guard import CAP_PEOPLE, Allowed, Denied, Facts, Reach, judge
from rolecall.connector.provision.desk import LiveDesk
from rolecall.connector.provision.journal import HOUR
from rolecall.connector.provision.line import Line, already_line, failed_line, planned_line
from rolecall.connector.provision.meaning import Meaning, meaning_of
from rolecall.connector.provision.operations import AddToGroup, AnyOperation, RemoveFromGroup
from rolecall.connector.provision.settle import Planned, Result, plan, settle
from rolecall.connector.provision.step import Already, Person, Step
from rolecall.connector.provision.who import Lookup
from rolecall.connector.provision.wish import Wish
from rolecall.errors import Error, Fatal, Gone, RateLimited, Refused, Unreachable

__all__ = ["Plan", "carry_out", "make_plan"]

_NEW_IDENTITY: Final = frozenset(
    {"account create", "account remove", "account update"}
    | {"group create", "group rename", "group delete"}
)
"""After these a name may mean somebody or something else: whoever comes later is looked up anew."""

_HOPELESS: Final = (Fatal, Unreachable, RateLimited)
"""What fails for one fails for all that follow."""


@dataclass(slots=True, kw_only=True)
class _Bundle:
    """Wishes that are carried out together: one, or several people of one group."""

    wishes: list[Wish]
    meanings: list[Meaning] = field(default_factory=list)
    operation: AnyOperation | None = None
    planned: Planned | None = None
    problem: Error | None = None
    after: int = 0
    """The row that may change who or what is meant; 0 if there is none."""

    known: str = ""
    """Id of the person, where nothing else can be said yet; they count all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done, and whether so many people may be changed."""

    bundles: tuple[_Bundle, ...]
    people: frozenset[str]
    """Ids of everybody whose access would change."""

    counted: int
    """They and those of the last hour together."""

    verdict: Allowed | Denied
    notes: tuple[str, ...] = ()

    def lines(self) -> list[Line]:
        """One per wish, in the order of the wishes."""
        found = [line for bundle in self.bundles for line in _planned_lines(bundle)]
        return sorted(found, key=lambda line: line.wish.row)


class _Draft:
    """Bundles in the making.

    A wish joins an earlier bundle of the same group unless something in between is about the same
    person or group; nothing overtakes anything that it could matter to.
    """

    def __init__(self) -> None:
        self.bundles: list[_Bundle] = []
        self._open: dict[tuple[type, str], int] = {}
        self._last: dict[str, int] = {}
        self._moved: dict[str, int] = {}

    def moved_by(self, wish: Wish, meaning: Meaning | None) -> int:
        """The last row that may change who or what this wish means; 0 if there is none."""
        return max((self._moved.get(key, 0) for key in _keys(wish, meaning)), default=0)

    def add(self, wish: Wish, meaning: Meaning | Error) -> None:
        known = meaning if isinstance(meaning, Meaning) else None
        after, keys = self.moved_by(wish, known), _keys(wish, known)
        at = None if known is None or after else self._place(known, keys)
        if at is None:
            at = len(self.bundles)
            self.bundles.append(_new_bundle(wish, meaning, after))
        elif known:
            _join(self.bundles[at], wish, known)
        does = known.does if known else None
        if isinstance(does, AddToGroup | RemoveFromGroup):
            self._open[type(does), does.group_id] = at
        self._last |= dict.fromkeys(keys, at)
        if wish.verb in _NEW_IDENTITY:
            self._moved |= dict.fromkeys(keys, wish.row)

    def _place(self, meaning: Meaning, keys: Iterable[str]) -> int | None:
        does = meaning.does
        if not isinstance(does, AddToGroup | RemoveFromGroup):
            return None
        at = self._open.get((type(does), does.group_id))
        free = at is not None and all(self._last.get(key, -1) <= at for key in keys)
        return at if free else None


async def make_plan(wishes: Sequence[Wish], desk: LiveDesk) -> Plan:
    """Understand all wishes, and work out what they come to; changes nothing.

    Wishes that cannot be understood are in the plan with their problem.

    Raises:
        Error: Notion could not be asked, which fails for all alike.
    """
    bundles = await _drafted(wishes, desk)
    steps = [one.planned.step for one in bundles if one.planned]
    people = {who for step in steps if isinstance(step, Step) for who in step.people}
    people |= {one.person.id for b in bundles if b.after for one in b.meanings if one.person}
    people |= {bundle.known for bundle in bundles if bundle.known}
    return await _capped(bundles, frozenset(people), desk)


async def _drafted(wishes: Sequence[Wish], desk: LiveDesk) -> list[_Bundle]:
    """Wishes in bundles, each with its plan or its problem."""
    lookup, draft = Lookup(desk.finder), _Draft()
    await lookup.prepare(wish.who for wish in wishes if wish.verb != "account create")
    for wish in wishes:
        try:
            meaning: Meaning | Error = await meaning_of(wish, lookup)
        except _HOPELESS:
            raise
        except Error as error:
            meaning = error
        draft.add(wish, meaning)
    for bundle in draft.bundles:
        await _plan_bundle(bundle, desk)
        if bundle.after and not bundle.meanings:
            bundle.known = await _known(bundle.wishes[0], lookup)
    return draft.bundles


async def _known(wish: Wish, lookup: Lookup) -> str:
    """The person's id, if they are a member by now; "" otherwise."""
    try:
        person = await lookup.person(wish.who)
    except Refused:
        return ""
    return person.id if isinstance(person, Person) else ""


async def _plan_bundle(bundle: _Bundle, desk: LiveDesk) -> None:
    if bundle.operation is None:
        return
    try:
        bundle.planned = await plan(bundle.operation, desk)
    except _HOPELESS:
        raise
    except Error as error:
        bundle.problem = error


async def _capped(bundles: list[_Bundle], people: frozenset[str], desk: LiveDesk) -> Plan:
    """Judge the number of people over the whole plan; what is agreed must be the exact number."""
    changed = desk.journal.changed_since(desk.now() - HOUR)
    counted = len(changed | people)
    facts = Facts(
        token_owner="",
        another_owner="",
        changed=changed,
        members=await desk.finder.count() if counted > CAP_PEOPLE else 0,
        agreed=counted if desk.agreed == counted else 0,
    )
    takes_owner = any(
        isinstance(b.planned.step, Step) and b.planned.step.takes_owner
        for b in bundles
        if b.planned
    )
    note = (
        "Nobody said whose token is used (--token-owner); if it belongs to an owner who loses the "
        "role here, it dies, and nothing can be undone with it."
    )
    return Plan(
        bundles=tuple(bundles),
        people=people,
        counted=counted,
        verdict=judge(Reach(people=people), facts),
        notes=(note,) if takes_owner and not desk.token_owner else (),
    )


async def carry_out(
    made: Plan,
    desk: LiveDesk,
    report: Callable[[Line], None],
    *,
    why: str = "",
    stop_on_error: bool = False,
) -> None:
    """Do what was planned, one bundle after the other.

    Args:
        made: the plan.
        desk: where it was made.
        report: told what became of each wish, as soon as it is known.
        why: for the journal.
        stop_on_error: leave the rest alone after the first failure; and do nothing at all if the
            plan shows one already.

    Raises:
        Refused: more people than may be changed; nothing was done.
    """
    if isinstance(made.verdict, Denied):
        raise Refused(made.verdict.why, hint=made.verdict.way_out)
    work = _Work(desk, report, why)
    stopped = stop_on_error and any(bundle.problem for bundle in made.bundles)
    todo = list(made.bundles)
    while todo:
        bundle = todo.pop(0)
        if stopped and not bundle.problem:
            for wish in bundle.wishes:
                report(Line(wish=wish, outcome="not tried", says="Not tried after a failure."))
            continue
        if bundle.after:
            todo[:0] = await _understood_anew([bundle, *_taken_while_ready(bundle, todo)], desk)
            continue
        failure = await work.do(bundle)
        stopped = stopped or (failure is not None and (stop_on_error or _hopeless(failure)))


def _taken_while_ready(first: _Bundle, todo: list[_Bundle]) -> list[_Bundle]:
    """Those next in line that wait for nothing but what is done by now; taken out of the line."""
    begin = first.wishes[0].row
    ready = list(itertools.takewhile(lambda one: 0 < one.after < begin, todo))
    del todo[: len(ready)]
    return ready


async def _understood_anew(bundles: list[_Bundle], desk: LiveDesk) -> list[_Bundle]:
    """Earlier rows have made, renamed or removed what these are about by now."""
    wishes = [wish for bundle in bundles for wish in bundle.wishes]
    try:
        return await _drafted(wishes, desk)
    except Error as error:
        return [_Bundle(wishes=[wish], problem=error) for wish in wishes]


class _Work:
    """Carrying out bundles."""

    def __init__(self, desk: LiveDesk, report: Callable[[Line], None], why: str) -> None:
        self._desk = desk
        self._report = report
        self._why = why

    async def do(self, bundle: _Bundle) -> Error | None:
        """Carry out one bundle; returns the failure, if there was one."""
        if bundle.problem or not bundle.operation:
            for line in _planned_lines(bundle):
                self._report(line)
            return bundle.problem
        return await self._settle(bundle)

    async def _settle(self, bundle: _Bundle) -> Error | None:
        if bundle.operation is None:  # `do` has seen to that
            raise AssertionError("a bundle without an operation")
        try:
            result = await settle(
                bundle.operation, self._desk, why=self._why, planned=bundle.planned
            )
        except Error as error:
            if len(bundle.wishes) > 1 and _of_one(error):
                return await self._halves(bundle)
            for wish in bundle.wishes:
                self._report(failed_line(wish, error))
            return error
        for line in _done_lines(bundle, result):
            self._report(line)
        return None

    async def _halves(self, bundle: _Bundle) -> Error | None:
        """One of them may be the reason that all were refused: ask for fewer, down to one."""
        middle = len(bundle.wishes) // 2
        last: Error | None = None
        for part in (slice(None, middle), slice(middle, None)):
            pairs = zip(bundle.wishes[part], bundle.meanings[part], strict=True)
            half = _new_bundle(*next(pairs), 0)
            for wish, meaning in pairs:
                _join(half, wish, meaning)
            last = await self._settle(half) or last
        return last


def _hopeless(error: Error) -> bool:
    """Whether what follows would fail too: Notion or the way to it is gone."""
    return isinstance(error, _HOPELESS) or isinstance(error.__cause__, _HOPELESS)


def _of_one(error: Error) -> bool:
    """Whether Notion refused; a plain `Refused` comes from the guard and is about all."""
    return isinstance(error, Refused) and type(error) is not Refused


def _new_bundle(wish: Wish, meaning: Meaning | Error, after: int) -> _Bundle:
    if isinstance(meaning, Error):
        waits = after and isinstance(meaning, Gone)
        return _Bundle(wishes=[wish], problem=None if waits else meaning, after=after)
    operation = None if isinstance(meaning.does, Already) else meaning.does
    return _Bundle(wishes=[wish], meanings=[meaning], operation=operation, after=after)


def _join(bundle: _Bundle, wish: Wish, meaning: Meaning) -> None:
    """Let one more person of the group share the requests."""
    old, new = bundle.operation, meaning.does
    if not isinstance(old, AddToGroup | RemoveFromGroup) or type(new) is not type(old):
        raise AssertionError("only people of one group share requests")
    ids = tuple(dict.fromkeys((*old.user_ids, *new.user_ids)))
    kind = type(old)
    bundle.operation = kind(
        group_id=old.group_id, user_ids=ids, called={**old.called, **new.called}
    )
    bundle.wishes.append(wish)
    bundle.meanings.append(meaning)


def _keys(wish: Wish, meaning: Meaning | None) -> frozenset[str]:
    """Everybody and everything that a wish is about, under all their names."""
    words = wish.words
    people = {words.get("who", ""), words.get("email", "")}
    held = words.get("entitlement", "")
    groups = {words.get("group", ""), held, held.partition(":")[2]}
    if wish.verb.startswith("group"):
        groups.add(words.get("name", ""))
    if meaning and meaning.person:
        people |= {meaning.person.id, meaning.person.user_name}
    if meaning and meaning.group:
        groups |= {meaning.group.id, meaning.group.name}
    found = {f"person {one.strip().casefold()}" for one in people - {""}}
    return frozenset(found | {f"group {one.strip()}" for one in groups - {""}})


def _planned_lines(bundle: _Bundle) -> list[Line]:
    """What each wish of a bundle would come to."""
    if bundle.problem:
        return [failed_line(wish, bundle.problem) for wish in bundle.wishes]
    depends = f"Depends on row {bundle.after}; worked out after it."
    later = (depends,) if bundle.after else ()
    if not bundle.meanings:
        (wish,) = bundle.wishes
        return [Line(wish=wish, outcome="planned", says=depends)]
    if bundle.planned is None:
        (wish,), (meaning,) = bundle.wishes, bundle.meanings
        does = meaning.does if isinstance(meaning.does, Already) else Already(says="")
        return [already_line(wish, does, (*meaning.notes, *later))]
    return [
        _one_of_many(wish, meaning, bundle.planned, (*meaning.notes, *later))
        for wish, meaning in zip(bundle.wishes, bundle.meanings, strict=True)
    ]


def _one_of_many(wish: Wish, meaning: Meaning, whole: Planned, notes: tuple[str, ...]) -> Line:
    """One person's share of a plan: their own sentence, the common requests."""
    if not isinstance(meaning.does, AddToGroup | RemoveFromGroup):
        return planned_line(wish, whole, notes)
    own = meaning.does.step(whole.state)
    line = planned_line(wish, replace(whole, step=own), notes)
    common = planned_line(wish, whole)
    return replace(line, calls=common.calls) if isinstance(own, Step) else line


def _done_lines(bundle: _Bundle, result: Result) -> list[Line]:
    """What became of each wish of a bundle that is so now."""
    found, told = list[Line](), set[str]()
    for wish, meaning in zip(bundle.wishes, bundle.meanings, strict=True):
        base = Line(wish=wish, outcome="done", says="", notes=meaning.notes)
        own = result.says
        if isinstance(meaning.does, AddToGroup | RemoveFromGroup):
            step = meaning.does.step(result.before)
            own = (step.done if isinstance(step, Step) else "") or step.says
            if isinstance(step, Already) or meaning.does.user_ids[0] in told:
                found.append(already_line(wish, Already(says=own), seen_at=result.seen_at))
                continue
            told.add(meaning.does.user_ids[0])
        elif bundle.planned:
            base = planned_line(wish, bundle.planned, meaning.notes)
        found.append(base.done(result, own))
    return found
