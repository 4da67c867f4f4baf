"""Groups in the feed: created, renamed, deleted, whoever was in them."""

from access_app import HOUR, NOON
from workspaces import a_workspace

from rolecall.server.access import feed, observing
from rolecall.server.access.models import Change, Entitlement


def test_groups_that_came_went_or_have_another_name_are_told_of(app, sync):
    """Each is one line, before those of who was in it."""
    sync(a_workspace({"a": "owner"}, {"g": ["a"], "k": ["a"]}), 0)
    later = a_workspace({"a": "owner"}, {"g": ["a"], "h": []})
    later.names["g"] = "Design"

    second = sync(later, 1)

    assert [feed.sentence(one) for one in feed.of_sync(second)] == [
        "The group Group g is now called Design.",
        "The group Group h was created.",
        "The group Group k was deleted.",
        "Person a was removed from Group k.",
    ]
    assert Change.objects.filter(account=None, entitlement__app=app).count() == 3


def test_a_group_that_is_as_it_was_is_not_told_of(app, sync):
    """Neither its members nor a sync that did not prove its groups make a line of a group."""
    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["a"]}), 0)
    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["b"]}), 1)
    sync(a_workspace({"a": "owner", "b": "member"}, {}), 2, types=["user"], label="partial")

    assert not feed.of_app(app).filter(account=None).exists()


def test_what_we_did_to_a_group_is_told_once(app, sync):
    """It is told when it is seen, and the next sync tells nothing of it."""
    sync(a_workspace({"a": "owner"}, {"g": ["a"]}), 0)
    group = Entitlement.objects.get(app=app, kind="group")
    at = NOON + HOUR
    observing.group_there(app, "h", "Group h", at=at)
    observing.group_there(app, "h", "Group h", at=at)
    observing.group_there(app, "h", "Sales", at=at)
    observing.group_gone(group, at=at)
    observing.group_gone(group, at=at)

    assert [feed.sentence(one) for one in feed.of_app(app)] == [
        "The group Group g was deleted.",
        "Person a was removed from Group g.",
        "The group Group h is now called Sales.",
        "The group Group h was created.",
    ]
    workspace = a_workspace({"a": "owner"}, {"h": []})
    workspace.names["h"] = "Sales"
    assert not feed.of_sync(sync(workspace, 2)).exists()
