"""The past: as of a moment, between two syncs, and told as a feed."""

import pytest
from access_app import HOUR, NOON
from workspaces import TAKES, a_workspace

from rolecall.errors import Invalid
from rolecall.server.access import asof, differences, feed
from rolecall.server.access.models import Account, App, Entitlement, Sync


@pytest.fixture
def three(sync):
    """Three syncs: b changes role and leaves, c comes and goes in a group, a gets a title."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]})
    first = sync(workspace, 0)
    workspace = a_workspace({"a": "owner", "b": "owner", "c": "member"}, {"g": ["a", "c"]})
    second = sync(workspace, 1)
    workspace = a_workspace({"a": "owner", "c": "member"}, {"g": ["a"], "h": ["c"]})
    workspace.members["a"].title = "Head"
    return first, second, sync(workspace, 2)


@pytest.mark.usefixtures("three")
def test_as_of_a_moment(app):
    """Who was there, what they held and how they were described, between and after syncs."""
    names = [
        sorted(row.account.external_id for row in asof.accounts(app, NOON + hours * HOUR))
        for hours in (-0.5, 0.5, 1.5, 2.5)
    ]
    assert names == [[], ["a", "b"], ["a", "b", "c"], ["a", "c"]]
    assert [asof.number(app, NOON + hours * HOUR) for hours in (-0.5, 0.5, 1.5, 2.5)] == [
        0,
        2,
        3,
        2,
    ]
    ana = Account.objects.get(external_id="a")
    then = asof.accounts(app, NOON + 0.5 * HOUR).get(account=ana)
    now = asof.accounts(app, NOON + 2.5 * HOUR).get(account=ana)
    assert ("title" in then.attributes, now.attributes["title"]) == (False, "Head")
    assert then.since == now.since
    group = Entitlement.objects.get(external_id="group:g:member")
    held = [
        sorted(row.account.external_id for row in asof.holders(group, NOON + hours * HOUR))
        for hours in (0.5, 1.5, 2.5)
    ]
    assert held == [["a", "b"], ["a", "c"], ["a"]]
    bo = Account.objects.get(external_id="b")
    roles = asof.access(bo, NOON + 1.5 * HOUR).values_list("entitlement__name", flat=True)
    assert list(roles) == ["Owner"]
    assert asof.presence(bo, NOON + 1.5 * HOUR) is not None
    assert asof.presence(bo, NOON + 2.5 * HOUR) is None


def test_what_a_moment_rests_on(app, three):
    """The last sync that had ended, its age, and one that was being read."""
    first, second, _ = three

    assert asof.basis(app, NOON - HOUR).sync is None
    between = asof.basis(app, NOON + HOUR / 2)
    assert (between.sync, between.age, between.reading) == (first, HOUR / 2 - TAKES, None)
    inside = asof.basis(app, NOON + HOUR + TAKES / 2)
    assert (inside.sync, inside.reading) == (first, second)
    assert set(inside.complete.values()) == {first}


def test_a_partial_sync_is_no_proof(app, sync):
    """After a partial sync the last proof of an absence is the full one before it."""
    full = sync(a_workspace({"a": "owner"}, {"g": ["a"]}), 0)
    partial = sync(a_workspace({"a": "owner"}, {}), 1, types=["user"], label="partial")

    found = asof.basis(app, NOON + 2 * HOUR)

    assert found.sync == partial
    assert set(found.complete.values()) == {full}


def test_between_two_syncs(three):
    """The sum of the changes: what came and went in between does not show."""
    first, second, third = three

    found = differences.between(first, third)

    assert [row.account.external_id for row in found.joined] == ["c"]
    assert [row.account.external_id for row in found.left] == ["b"]
    assert {(g.account.external_id, g.entitlement.name) for g in found.gained} == {
        ("c", "Member"),
        ("c", "Group h"),
    }
    assert {(g.account.external_id, g.entitlement.name) for g in found.lost} == {
        ("b", "Member"),
        ("b", "Group g"),
    }
    assert [row.account.external_id for row in found.edited] == ["a"]
    assert not differences.between(second, second).gained.exists()
    with pytest.raises(Invalid):
        differences.between(third, first)


def test_syncs_of_two_apps_have_no_difference(three):
    """Two apps have nothing to compare."""
    other = App.objects.create(name="Other", created_at=NOON)
    foreign = Sync.objects.create(
        app=other, number=9, started_at=NOON, ended_at=NOON, applied_at=NOON
    )

    with pytest.raises(Invalid):
        differences.between(three[0], foreign)


def test_the_feed_in_words(app, three):
    """Every change is a sentence, newest first; one sync, one account, or what came since."""
    _, second, third = three
    ana = Account.objects.get(external_id="a")

    told = [feed.sentence(one) for one in feed.of_sync(second)]

    assert told == [
        "Person c joined as Member.",
        "Person b went from Member to Owner.",
        "Person b was removed from Group g.",
        "Person c was added to Group g.",
    ]
    assert [feed.sentence(one) for one in feed.of_account(ana)] == [
        "Person a is described differently: title."
    ]
    since = feed.of_app(app, since=second.ended_at)
    assert {one.sync for one in since} == {third}
    assert "Person b left, who was Owner." in [feed.sentence(one) for one in since]
    assert feed.of_app(app).count() == len(told) + since.count()
