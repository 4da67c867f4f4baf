"""What an operator may see and do, as plain values: behind `/_sim/` and behind `Simulator`.

Sees everything and obeys no rule of Notion's. Knows no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from notion_sim import moves, presences
from notion_sim.engine import Engine
from notion_sim.state import Account, Group
from notion_sim.world import World

__all__ = [
    "add_group",
    "add_user",
    "clear_requests",
    "history",
    "move",
    "presence",
    "requests",
    "state",
]


def _person(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "emails": [account.email, *account.secondary],
        "display": account.display,
        "formatted": account.formatted,
        "given": account.given,
        "family": account.family,
        "title": account.title,
        "department": account.department,
    }


def state(engine: Engine) -> dict[str, Any]:
    """Return everything that is true of the workspace now."""
    world, options = engine.world, engine.options
    return {
        "workspace": {
            "id": world.workspace_id,
            "name": options.company,
            "domain": options.domain,
            "plan": options.plan,
        },
        "totals": {
            "members": len(world.roles),
            "groups": len(world.groups),
            "memberships": sum(len(found.members) for found in world.groups.values()),
            "guests": len(world.guests),
            "bots": len(world.bots),
        },
        "members": [_member(world, uid) for uid in world.order],
        "groups": [_group(world.groups[gid]) for gid in world.group_order],
        "guests": [_person(world.accounts[uid]) for uid in world.guests],
        "bots": [asdict(bot) for bot in world.bots],
        "tokens": [
            {"creator": token.creator, "revoked": token.revoked} for token in world.tokens.values()
        ],
        "request": engine.number,
        "history_seq": len(world.history),
    }


def _member(world: World, uid: str) -> dict[str, Any]:
    account = world.accounts[uid]
    return {**_person(account), "role": world.roles[uid], "hides_role": account.hides_role}


def _group(found: Group) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "last_access": found.last_access,
        "members": list(found.members),
    }


def requests(engine: Engine) -> list[dict[str, Any]]:
    """Return the log, oldest first."""
    return [asdict(entry) for entry in engine.log]


def clear_requests(engine: Engine) -> None:
    """Empty the log; the next request is number 1."""
    engine.log.clear()
    engine.number = 0


def history(engine: Engine, after: int = 0) -> list[dict[str, Any]]:
    """Return the changes with a higher sequence number than `after`."""
    return [asdict(event) for event in engine.world.history[after:]]


def presence(engine: Engine, first_seq: int, last_seq: int) -> dict[str, Any]:
    """Return who and what was there throughout, and at any time, between two events."""
    return presences.between(engine.world, first_seq, last_seq)


def move(engine: Engine, times: int) -> list[str]:
    """Let random things happen; return them in plain words."""
    return [moves.random_move(engine.world) for _ in range(times)]


def add_user(engine: Engine, asked: Mapping[str, Any]) -> str:
    """Let somebody join: a known account, a new one with an address, or anybody; return the id."""
    world, email = engine.world, str(asked.get("email") or "").lower()
    if not email:
        uid = world.somebody_new().id
    else:
        uid = (
            world.by_email.get(email)
            or world.new_account(email, str(asked.get("name") or email)).id
        )
    if uid in world.roles:
        raise ValueError(f"{email} is a member already.")
    if asked.get("name"):
        account = world.accounts[uid]
        account.display = account.formatted = str(asked["name"])
        account.given = account.family = None
    world.join(uid, str(asked.get("role") or "member"), where=str(asked.get("where") or "back"))
    return uid


def add_group(engine: Engine, name: str, members: Sequence[str] = ()) -> str:
    """Make a group with members; return its id."""
    made = engine.world.create_group(name)
    for uid in members:
        engine.world.add_to_group(made.id, uid)
    return made.id
