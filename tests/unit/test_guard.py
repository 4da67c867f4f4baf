"""What must never happen, judged on plain facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.connector.guard import ALLOWED, Allowed, Denied, Facts, Reach, cap, judge

IDS = st.sampled_from([f"u{n}" for n in range(40)])
PEOPLE = st.frozensets(IDS, max_size=30)


def facts(**more: object) -> Facts:
    """Facts against which nothing speaks."""
    usual = {"token_owner": "", "another_owner": "o2", "changed": (), "members": 100}
    return Facts(**{**usual, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("members", "allowed"),
    [(0, 10), (1, 10), (199, 10), (200, 10), (219, 10), (220, 11), (10_000, 500)],
)
def test_the_cap_is_the_larger_of_ten_and_a_twentieth(members: int, allowed: int):
    """The cap counts whole people."""
    assert cap(members) == allowed


@pytest.mark.parametrize("what", ["takes_owner", "removes"])
def test_the_owner_of_the_token_stays(what: str):
    """Neither the role nor the membership of the token's owner is taken."""
    verdict = judge(Reach(people=("o1",), **{what: "o1"}), facts(token_owner="o1"))  # noqa: S106 - an id

    assert isinstance(verdict, Denied)
    assert "token" in verdict.why


def test_the_owner_of_the_token_may_be_changed_otherwise():
    """What takes neither role nor membership is no danger to the token."""
    assert judge(Reach(people=("o1",)), facts(token_owner="o1")) is ALLOWED  # noqa: S106 - an id


def test_nobody_said_whose_token_it_is():
    """An unknown owner of the token equals nobody, also nobody who is not removed."""
    assert judge(Reach(people=("o1",), removes="o1"), facts()) is ALLOWED
    assert judge(Reach(people=("u1",)), facts()) is ALLOWED


def test_the_last_owner_stays():
    """Without another owner the role is not taken."""
    verdict = judge(Reach(people=("o1",), takes_owner="o1"), facts(another_owner=""))

    assert isinstance(verdict, Denied)
    assert "--other-owner" in verdict.way_out
    assert judge(Reach(people=("o1",), takes_owner="o1"), facts()) is ALLOWED


def test_one_more_than_the_cap_is_denied_by_its_number():
    """The way out names the number that would be changed."""
    ten = [f"u{n}" for n in range(10)]

    assert judge(Reach(people=ten), facts()) is ALLOWED
    verdict = judge(Reach(people=["u10"]), facts(changed=ten))
    assert isinstance(verdict, Denied)
    assert "--yes-really 11" in verdict.way_out
    assert judge(Reach(people=["u10"]), facts(changed=ten, agreed=11)) is ALLOWED
    assert isinstance(judge(Reach(people=["u10"]), facts(changed=ten, agreed=10)), Denied)


@given(changed=PEOPLE, people=PEOPLE, members=st.integers(0, 500), agreed=st.integers(0, 40))
def test_never_more_people_than_allowed(
    changed: frozenset[str], people: frozenset[str], members: int, agreed: int
):
    """Whatever is allowed reaches nobody new, or ends within what is allowed or agreed."""
    verdict = judge(Reach(people=people), facts(changed=changed, members=members, agreed=agreed))

    if isinstance(verdict, Allowed):
        assert people <= changed or len(changed | people) <= max(cap(members), agreed)


@given(steps=st.lists(PEOPLE, max_size=12), members=st.integers(0, 300))
def test_no_order_of_steps_passes_the_cap(steps: list[frozenset[str]], members: int):
    """However many steps in whatever order: those that are allowed reach no more than the cap."""
    changed = frozenset[str]()
    for people in steps:
        if judge(Reach(people=people), facts(changed=changed, members=members)) is ALLOWED:
            changed |= people

    assert len(changed) <= cap(members)


@given(
    owners=st.frozensets(IDS, min_size=1, max_size=6),
    asked=st.lists(st.tuples(IDS, st.booleans()), max_size=20),
    keeper=st.one_of(st.just(""), IDS),
)
def test_no_order_of_steps_removes_all_owners(
    owners: frozenset[str], asked: list[tuple[str, bool]], keeper: str
):
    """Whoever is demoted or removed in whatever order: one owner is left, and the token's too."""
    left = set(owners)
    for who, removed in asked:
        another = min(left - {who}, default="")
        reach = Reach(
            people=(who,),
            takes_owner=who if who in left else "",
            removes=who if removed else "",
        )
        if judge(reach, facts(token_owner=keeper, another_owner=another)) is ALLOWED:
            left.discard(who)

    assert left
    assert keeper not in owners or keeper in left


@given(people=st.lists(IDS, min_size=1, max_size=30))
def test_a_person_counts_once(people: list[str]):
    """Two rows for one person are one person."""
    twice = [*people, *people]

    assert judge(Reach(people=twice), facts()) == judge(Reach(people=set(people)), facts())
