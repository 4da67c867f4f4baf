"""Who was there throughout a stretch of the history, and who at any time in it.

Pure reading. Goes back from the present through the history, so the past needs no copies.
"""

from collections.abc import Iterator
from typing import Any

from notion_sim.state import Event
from notion_sim.world import World

__all__ = ["between"]

Fact = tuple[str, ...]
"""("member", user), ("role", user, role), ("group", group) or ("in", group, user)."""


def between(world: World, first_seq: int, last_seq: int) -> dict[str, Any]:
    """Return `always` and `ever` for members, roles, groups and memberships.

    The stretch starts right after event `first_seq` and ends right after event `last_seq`.
    """
    always, ever = _present(world), _present(world)
    for fact, (throughout, sometime) in _touched(world, first_seq, last_seq).items():
        (always.add if throughout else always.discard)(fact)
        (ever.add if sometime else ever.discard)(fact)
    return {"always": _shown(always), "ever": _shown(ever)}


def _present(world: World) -> set[Fact]:
    facts: set[Fact] = {("member", uid) for uid in world.roles}
    facts |= {("role", uid, role) for uid, role in world.roles.items()}
    facts |= {("group", gid) for gid in world.groups}
    facts |= {("in", gid, uid) for gid, group in world.groups.items() for uid in group.members}
    return facts


def _touched(world: World, first_seq: int, last_seq: int) -> dict[Fact, tuple[bool, bool]]:
    """Return, for each fact that changed after `first_seq`: held throughout, held at any time."""
    held: dict[Fact, bool] = {}
    seen: dict[Fact, set[bool]] = {}
    for event in reversed(world.history[first_seq:]):
        for fact, began in _effects(event):
            if event.seq <= last_seq:
                seen.setdefault(fact, set()).add(began)
            held[fact] = not began
            if event.seq <= last_seq:
                seen[fact].add(not began)
    return {
        fact: (all(seen.get(fact, {state})), any(seen.get(fact, {state})))
        for fact, state in held.items()
    }


def _effects(event: Event) -> Iterator[tuple[Fact, bool]]:
    """Yield each fact that an event began (True) or ended (False)."""
    if event.kind in {"joined", "left"}:
        yield ("member", event.user), event.kind == "joined"
        yield ("role", event.user, event.detail), event.kind == "joined"
    elif event.kind == "role":
        former, _, new = event.detail.partition(" -> ")
        yield ("role", event.user, former), False
        yield ("role", event.user, new), True
    elif event.kind in {"group_created", "group_deleted"}:
        yield ("group", event.group), event.kind == "group_created"
    elif event.kind in {"group_joined", "group_left"}:
        yield ("in", event.group, event.user), event.kind == "group_joined"


def _shown(facts: set[Fact]) -> dict[str, Any]:
    """Return facts by noun, in a form that JSON takes."""
    roles: dict[str, list[str]] = {}
    inside: dict[str, list[str]] = {}
    for fact in sorted(facts):
        if fact[0] == "role":
            roles.setdefault(fact[1], []).append(fact[2])
        elif fact[0] == "in":
            inside.setdefault(fact[1], []).append(fact[2])
    return {
        "members": sorted(fact[1] for fact in facts if fact[0] == "member"),
        "roles": roles,
        "groups": sorted(fact[1] for fact in facts if fact[0] == "group"),
        "memberships": inside,
    }
