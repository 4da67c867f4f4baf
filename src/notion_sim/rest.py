"""The public REST API, as far as it knows users (Notion: N-139 to N-153). Opens no socket."""

from typing import Any

from notion_sim import listing
from notion_sim.refusal import Refusal
from notion_sim.state import Account, Bot
from notion_sim.wire import JSON, Reply, Request, json_reply
from notion_sim.world import World

__all__ = ["PREFIX", "VERSIONS", "answer"]

PREFIX = "/v1"
LARGEST = 100
VERSIONS = frozenset(
    (
        "2021-05-11",
        "2021-05-13",
        "2021-08-16",
        "2022-02-22",
        "2022-06-28",
        "2025-09-03",
        "2026-03-11",
    )
)


def answer(world: World, request: Request) -> Reply:
    """Return the reply to a REST request.

    Raises:
        Refusal: what Notion would refuse; the caller gives it a body.
    """
    if request.bearer != world.api_key:
        raise Refusal(401, "API token is invalid.")
    _check_version(request)
    noun, _, ident = request.path.removeprefix(PREFIX).strip("/").partition("/")
    if noun != "users" or "/" in ident:
        raise Refusal(400, "Invalid request URL.", code="invalid_request_url")
    if request.method != "GET":
        raise Refusal(405, f"{request.method} is not allowed here.", code="invalid_request")
    if ident == "me":
        return _reply(_bot(world, world.bots[0], own=True) if world.bots else _lost_bot(world))
    if world.options.user_information == "none":
        raise Refusal(403, "The connection has no capability to read user information.")
    return _reply(_single(world, ident) if ident else _page(world, request))


def _reply(value: dict[str, Any]) -> Reply:
    return json_reply(value, content_type=JSON)


def _check_version(request: Request) -> None:
    """Refuse a request without a known Notion-Version (Notion: N-150)."""
    version = request.headers.get("notion-version", "")
    if not version:
        raise Refusal(400, "The Notion-Version header is missing.", code="missing_version")
    if version not in VERSIONS:
        raise Refusal(400, f"Notion-Version {version[:20]!r} is unknown.", code="validation_error")


def _person(account: Account, world: World) -> dict[str, Any]:
    person = {} if world.options.user_information == "without_email" else {"email": account.email}
    return {
        "object": "user",
        "id": account.id,
        "name": account.display or None,
        "avatar_url": account.photo or None,
        "type": "person",
        "person": person,
    }


def _bot(world: World, bot: Bot, *, own: bool) -> dict[str, Any]:
    inside: dict[str, Any] = {}
    if own:
        inside = {
            "owner": {"type": "workspace", "workspace": True},
            "workspace_id": world.workspace_id,
            "workspace_name": world.options.company,
            "workspace_limits": {"max_file_upload_size_in_bytes": 5_368_709_120},
        }
    return {
        "object": "user",
        "id": bot.id,
        "name": bot.name,
        "avatar_url": None,
        "type": "bot",
        "bot": inside,
    }


def _lost_bot(world: World) -> dict[str, Any]:
    """Return the connection's own bot in a workspace made without bots: a key always has one."""
    return _bot(world, Bot(id=world.workspace_id, name="Connection"), own=True)


def _single(world: World, ident: str) -> dict[str, Any]:
    if ident in world.roles or ident in world.guests:
        return _person(world.accounts[ident], world)
    for index, bot in enumerate(world.bots):
        if bot.id == ident:
            return _bot(world, bot, own=index == 0)
    raise Refusal(404, f"Could not find user with ID: {ident}.")


def _page(world: World, request: Request) -> dict[str, Any]:
    """Return members, then bots; the cursor is opaque to the client and a place to us."""
    start, size = _start(request.query.get("start_cursor", "")), _size(request.query)
    if world.options.rest_short_pages == "yes":
        size = max(1, size - world.dice.randrange(size))
    people = listing.arrange(world, world.order, start=start + 1, count=size)
    rows = [_person(world.accounts[uid], world) for uid in people.ids]
    first = max(0, start - people.total)
    for index, bot in enumerate(world.bots[first : first + size - len(rows)], first):
        rows.append(_bot(world, bot, own=index == 0))
    end = start + len(rows)
    more = end < people.total + len(world.bots)
    return {
        "object": "list",
        "results": rows,
        "next_cursor": _cursor(end) if more else None,
        "has_more": more,
        "type": "user",
        "user": {},
    }


def _size(query: dict[str, str]) -> int:
    text = query.get("page_size", str(LARGEST))
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST:
        raise Refusal(400, f"page_size should be between 1 and {LARGEST}.")
    return int(text)


def _cursor(place: int) -> str:
    """Return a place as something that looks like Notion's cursors: a UUID."""
    return f"c0ffee00-0000-4000-8000-{place:012x}"


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    head, _, tail = cursor.rpartition("-")
    try:
        place = int(tail, 16)
    except ValueError:
        place = -1
    if place < 0 or f"{head}-{tail}" != _cursor(place):
        raise Refusal(400, "The start_cursor provided is invalid.")
    return place
