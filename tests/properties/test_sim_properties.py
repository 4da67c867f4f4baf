"""What holds of the simulator whatever happens."""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from notion_sim import Options, moves
from notion_sim.filters import USER_ATTRIBUTES, parse_filter
from notion_sim.listing import arrange
from notion_sim.patch import PATCH_OP, apply_patch
from notion_sim.people import new_id
from notion_sim.presences import between
from notion_sim.refusal import Refusal
from notion_sim.world import World

IDS = st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def members(ids: list[str]) -> list[dict]:
    """Ids in the form of a group's members."""
    return [{"value": ident} for ident in ids]


def outcome(act: Callable[[], object]) -> str:
    """`fine`, or the status of the refusal; anything else is raised."""
    try:
        act()
    except Refusal as refusal:
        return str(refusal.status)
    return "fine"


@given(present=IDS, gone=IDS)
def test_both_removals_are_set_difference(present: list[str], gone: list[str]):
    """Removing by value or by filter leaves exactly who was not named (N-117, N-118)."""
    left = [ident for ident in present if ident not in gone]
    by_value = [{"op": "remove", "path": "members", "value": members(gone)}]
    by_filter = [{"op": "remove", "path": f'members[value eq "{ident}"]'} for ident in gone]

    for operations in (by_value, by_filter):
        if operations:
            body = {"schemas": [PATCH_OP], "Operations": operations}
            assert apply_patch({"members": members(present)}, body)["members"] == members(left)


@given(body=JSON, operation=JSON, path=st.none() | st.text(max_size=12))
def test_patch_refuses_or_returns(body: object, operation: object, path: str | None):
    """PATCH returns a resource or refuses with 400, and leaves the old one alone."""
    resource = {"members": members(["a"]), "name": {"formatted": "A"}, "title": "T"}
    operations = [{"op": "add", "path": path, "value": body}, operation]
    for sent in (
        body if isinstance(body, dict) else {},
        {"schemas": [PATCH_OP], "Operations": operations},
    ):
        assert outcome(lambda sent=sent: apply_patch(resource, sent)) in {"fine", "400"}
    assert resource == {"members": members(["a"]), "name": {"formatted": "A"}, "title": "T"}


@given(
    text=st.text(max_size=30), value=st.text(st.characters(exclude_characters='"\\'), max_size=20)
)
def test_filters_parse_or_are_refused(text: str, value: str):
    """Any text is a filter or is refused with 400; a quoted value comes back as it was."""
    assert outcome(lambda: parse_filter(text, USER_ATTRIBUTES)) in {"fine", "400"}
    assert parse_filter(f'given_name eq "{value}"', USER_ATTRIBUTES).value == value


@settings(max_examples=30, deadline=None)
@given(
    users=st.integers(0, 2_500),
    size=st.integers(1, 100),
    order=st.sampled_from(["stable", "per_listing"]),
)
def test_pages_partition_the_listing(users: int, size: int, order: str):
    """In a quiet workspace the pages of one listing hold everybody once."""
    world = World(Options(users=0, groups=0, order=order))
    people = [str(number) for number in range(users)]

    seen = [
        uid
        for start in range(1, users + 1, size)
        for uid in arrange(world, people, start=start, count=size).ids
    ]

    assert sorted(seen) == sorted(str(number) for number in range(users))


@settings(max_examples=20, deadline=None)
@given(users=st.integers(2_001, 4_000), seed=st.integers(0, 99))
def test_a_reshuffled_listing_is_a_permutation(users: int, seed: int):
    """A reshuffled answer of a large workspace holds nobody twice (N-039)."""
    world = World(Options(users=0, groups=0, order="reshuffled", seed=seed))
    people = [str(number) for number in range(users)]

    page = arrange(world, people, start=1, count=users)

    assert sorted(page.ids) == sorted(people)
    assert page.ids != people


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_presence_agrees_with_snapshots(seed: int, cuts: tuple[int, int]):
    """Going back through the history gives what snapshots taken on the way would have given."""
    world = World(Options(users=8, groups=3, members_per_group=3, seed=seed))
    world.dice = Random(seed)
    snapshots = [snapshot(world)]
    first, last = sorted(cuts)
    marks = []
    for step in range(31):
        if step in {first, last}:
            marks.append(len(world.history))
        if step < 30:
            moves.random_move(world)
            if first <= step < last:
                snapshots.append(snapshot(world))
            elif step < first:
                snapshots = [snapshot(world)]
    marks = marks * 2 if len(marks) == 1 else marks

    found = between(world, marks[0], marks[1])

    assert set(found["always"]["members"]) <= set.intersection(*snapshots)
    assert set(found["ever"]["members"]) >= set.union(*snapshots)
    assert set(found["ever"]["members"]) >= set(found["always"]["members"])
    # A move is one leave and one join at most, so nobody is there only between two snapshots.
    assert set(found["ever"]["members"]) == set.union(*snapshots)
    assert set(found["always"]["members"]) == set.intersection(*snapshots)


def snapshot(world: World) -> set[str]:
    """Who is a member now."""
    return set(world.roles)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_living_workspace_stays_sound(seed: int):
    """After any moves: groups hold members only, orders hold everybody once, the token lives."""
    world = World(Options(users=20, groups=4, members_per_group=5, seed=seed))
    for _ in range(60):
        moves.random_move(world)
        moves.change_group_list(world)

    assert sorted(world.order) == sorted(world.roles)
    assert sorted(world.group_order) == sorted(world.groups)
    assert all(set(group.members) <= set(world.roles) for group in world.groups.values())
    assert not world.tokens[world.scim_token].revoked
    assert [event.seq for event in world.history] == list(range(1, len(world.history) + 1))


@given(seed=st.integers())
def test_ids_look_like_uuids(seed: int):
    """An id is a UUID of version 4 (N-069)."""
    parts = new_id(Random(seed)).split("-")

    assert [len(part) for part in parts] == [8, 4, 4, 4, 12]
    assert (parts[2][0], parts[3][0]) == ("4", "a")
