"""A group that holds whom it held is not compared; whatever else happened to it makes it so."""

import pytest
from access_app import HOUR, NOON
from django.db import connection
from test_intake_history import Replay, Step, as_of, compare_now
from workspaces import a_workspace

from rolecall.server.access.models import Account, Entitlement, Grant

PEOPLE = {"a": "owner", "b": "member"}


def read(groups, *, kind="full", changes=()):
    """A sync of two people in groups."""
    return Step(a_workspace(PEOPLE, groups), kind, tuple(changes))


def compared():
    """How many holders of groups the last sync compared; its table ends with the test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from stage_grant s join access_entitlement e on e.id = s.entitlement"
            " where e.kind = 'group'"
        )
        return cursor.fetchone()[0]


def known():
    """The groups whose holders are known by digest."""
    return {one.name for one in Entitlement.objects.filter(kind="group") if one.content}


def test_only_what_differs_is_compared(sync):
    """One of two groups has another member: the other one is passed over."""
    sync(a_workspace(PEOPLE, {"g": ["a", "b"], "h": ["a"]}), 0)
    assert (compared(), known()) == (3, {"Group g", "Group h"})

    sync(a_workspace(PEOPLE, {"g": ["a", "b"], "h": ["b"]}), 1)

    assert (compared(), known()) == (1, {"Group g", "Group h"})
    held = Grant.objects.filter(entitlement__name="Group h", until_at=None)
    assert [one.account.external_id for one in held] == ["b"]


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([read({"x": "b"}), read({}), read({"x": "b"})], id="gone and back"),
        pytest.param(
            [read({"x": "b"}), read({"x": "a"}, kind="partial"), read({"x": "a"})],
            id="more was seen by what ends nothing",
        ),
        pytest.param(
            [
                read({"x": "b"}),
                read({"x": "b"}, changes=[("group", "a", "x", True)]),
                read({"x": "b", "y": ""}),
            ],
            id="given by others",
        ),
        pytest.param(
            [
                read({"x": "b"}),
                read({"x": "b"}, changes=[("group", "b", "x", False)]),
                read({"x": "b", "y": ""}),
            ],
            id="taken by others",
        ),
        pytest.param(
            [
                read({"x": ""}),
                read({"x": "b"}, changes=[("account", "b", "0", False)]),
                read({"x": "b", "y": ""}),
            ],
            id="an account that was deleted meanwhile",
        ),
        pytest.param(
            [
                read({"x": "b"}),
                read(
                    {"x": "b", "y": ""},
                    changes=[("group", "a", "x", True), ("group", "b", "x", False)],
                ),
                read({"x": "b"}),
            ],
            id="as many, but others",
        ),
    ],
)
def test_a_group_that_is_not_what_was_read_is_compared(app, tmp_path, history):
    """The same holders are listed again, and were not held throughout: as the oracle says."""
    replay, moments = Replay(app=app, folder=tmp_path), set()
    for number, step in enumerate(history):
        at = NOON + number * HOUR
        moments |= replay.play(step, at)
        compare_now(app, replay.oracle, at + HOUR / 2)
    for moment in sorted(moments):
        assert as_of(app, moment) == replay.oracle.at(moment), moment


@pytest.mark.parametrize("accounts_only", [False, True])
@pytest.mark.parametrize("holds", [False, True])
def test_what_others_changed_between_two_syncs_is_compared(sync, holds, accounts_only):
    """The next sync that reads groups puts it right, also after one that reads accounts only."""
    sync(a_workspace(PEOPLE, {"g": "a" if holds else "ab"}), 0)
    group, meanwhile = Entitlement.objects.get(kind="group"), NOON + 0.7 * HOUR
    if holds:
        other = Account.objects.get(external_id="b")
        group.grants.create(account=other, from_at=meanwhile, observed_at=meanwhile)
    else:
        group.grants.filter(account__external_id="b").update(
            until_at=meanwhile, observed_at=meanwhile
        )
    Entitlement.objects.filter(pk=group.pk).update(holders=2 if holds else 1)

    if accounts_only:
        sync(a_workspace(PEOPLE, {}), 1, types=["user"])
    sync(a_workspace(PEOPLE, {"g": "a" if holds else "ab"}), 2)

    held = group.grants.filter(until_at=None)
    assert {one.account.external_id for one in held} == ({"a"} if holds else {"a", "b"})
