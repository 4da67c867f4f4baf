"""Which items a list request gets: filters, order and page borders (Notion: N-031, N-039)."""

from dataclasses import dataclass
from math import gcd

from notion_sim.filters import GROUP_ATTRIBUTES, USER_ATTRIBUTES, Filter, parse_filter
from notion_sim.refusal import Refusal
from notion_sim.world import World

__all__ = ["Page", "arrange", "groups_page", "users_page"]

SMALL = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The ids of one page, in order; `start` is 1-based, `total` counts all matches."""

    ids: list[str]
    total: int
    start: int


def users_page(world: World, query: dict[str, str]) -> Page:
    """Return the members that a list request asks for."""
    start, count = _borders(world, query)
    if query.get("filter"):
        return _cut(
            _find_users(world, parse_filter(query["filter"], USER_ATTRIBUTES)), start, count
        )
    return arrange(world, world.order, start=start, count=count)


def groups_page(world: World, query: dict[str, str]) -> Page:
    """Return the groups that a list request asks for."""
    start, count = _borders(world, query)
    if query.get("filter"):
        wanted = parse_filter(query["filter"], GROUP_ATTRIBUTES).value
        found = [gid for gid in world.group_order if world.groups[gid].name == wanted]
        return _cut(found, start, count)
    return arrange(world, world.group_order, start=start, count=count)


def _borders(world: World, query: dict[str, str]) -> tuple[int, int]:
    """Return startIndex (from 1) and count (0 to the largest page)."""
    largest = world.options.max_count
    start, count = _whole(query, "startIndex", 1), _whole(query, "count", largest)
    if count > largest and world.options.over_max == "400":
        raise Refusal(400, f"count must not exceed {largest}.", scim_type="invalidValue")
    return max(1, start), max(0, min(count, largest))


def _whole(query: dict[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name) or default)
    except ValueError:
        raise Refusal(400, f"{name} must be a whole number.", scim_type="invalidValue") from None


def _cut(ids: list[str], start: int, count: int) -> Page:
    return Page(ids=ids[start - 1 : start - 1 + count], total=len(ids), start=start)


def arrange(world: World, order: list[str], *, start: int, count: int) -> Page:
    """Return a page of the whole listing, in the order that the switch `order` asks for."""
    policy = world.options.order
    if policy == "per_listing" and start == 1:
        world.dice.shuffle(order)
    if policy != "reshuffled":
        return _cut(order, start, count)
    if len(order) <= SMALL:
        return _cut(world.dice.sample(order, len(order)), start, count)
    return _scattered(world, order, start=start, count=count)


def _scattered(world: World, order: list[str], *, start: int, count: int) -> Page:
    """Return a page of a fresh permutation without making the whole of it.

    Place p shows item (a * p + b) mod n with a coprime to n: each item once.
    """
    total = len(order)
    factor = world.dice.randrange(1, total)
    while gcd(factor, total) != 1:
        factor = world.dice.randrange(1, total)
    shift = world.dice.randrange(total)
    places = range(start - 1, min(start - 1 + count, total))
    ids = [order[(factor * place + shift) % total] for place in places]
    return Page(ids=ids, total=total, start=start)


def _find_users(world: World, wanted: Filter) -> list[str]:
    if wanted.attribute in {"email", "userName"}:
        uid = world.by_email.get(wanted.value, "")
        if uid not in world.roles:
            return []
        primary = world.accounts[uid].email.lower() == wanted.value
        widely = wanted.attribute == "email" and world.options.email_filter == "any"
        return [uid] if primary or widely else []
    part = "given" if wanted.attribute == "given_name" else "family"
    return [uid for uid in world.order if getattr(world.accounts[uid], part) == wanted.value]
