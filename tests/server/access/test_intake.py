"""What a file becomes."""

from pathlib import Path

import pytest
from access_app import HOUR, NOON
from google.protobuf.any_pb2 import Any
from workspaces import GROUPS_AFTER, a_workspace, write

from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.proto._generated.c1.connector.v2 import resource_pb2
from rolecall.baton.proto._generated.c1.connector.v2.annotation_trait_pb2 import UserTrait
from rolecall.errors import BadFile, Conflict, Unfinished
from rolecall.server.access.intake import preview, take_in
from rolecall.server.access.intake.records import account
from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    Change,
    Entitlement,
    Grant,
    Presence,
    Resource,
    ResourcePeriod,
    Sync,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "go-v1-one-full-sync.c1z"


def test_the_first_sync_is_the_beginning(app, sync):
    """Accounts, groups, roles and who holds what are there; nothing is called a change."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"], "empty": []})

    done = sync(workspace, 0)

    ana = Account.objects.get(external_id="a")
    assert (ana.name, ana.email, ana.emails) == ("Person a", "a@acme.example", ["a@acme.example"])
    assert (ana.status, ana.seat, ana.external) == ("enabled", True, False)
    assert ana.role.external_id == "role:owner:assigned"
    assert (ana.groups, ana.present, ana.type) == (1, True, "human")
    holders = dict(Entitlement.objects.values_list("external_id", "holders"))
    assert holders["account"] == 2
    assert holders["group:g:member"] == 2
    assert holders["group:empty:member"] == 0
    assert holders["role:owner:assigned"] == 1
    assert Change.objects.count() == 0
    assert (done.number, done.completeness, done.complete_types) == (
        1,
        "full",
        ["user", "group", "role"],
    )
    app.refresh_from_db()
    assert app.last_sync == done


def test_what_is_no_longer_there_ends(sync):
    """Who left, lost a group or has another role: the old periods end, new ones begin."""
    sync(a_workspace({"a": "owner", "b": "member", "c": "member"}, {"g": ["a", "b", "c"]}), 0)

    sync(a_workspace({"a": "owner", "b": "membership_admin"}, {"g": ["a"]}), 1)

    told = set(Change.objects.values_list("kind", "account__external_id"))
    assert told == {
        ("left", "c"),
        ("removed from", "c"),
        ("removed from", "b"),
        ("role changed", "b"),
    }
    assert Presence.objects.filter(until_at=None).count() == 2
    assert Grant.objects.filter(until_at=None).count() == 3
    gone = Account.objects.get(external_id="c")
    assert (gone.present, gone.role, gone.groups) == (False, None, 0)


def test_several_addresses(sync):
    """Every address is kept, case-folded, the first one first; without any there is none."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {})
    workspace.members["a"].email, workspace.members["a"].more = "Ana@Acme.example", ("X@else.org",)

    sync(workspace, 0)

    ana = Account.objects.get(external_id="a")
    assert (ana.email, ana.emails) == ("Ana@Acme.example", ["ana@acme.example", "x@else.org"])


def test_outside_the_company(sync):
    """An address of another domain than the app's is marked."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {})
    workspace.members["b"].email = "bo@Elsewhere.org"

    sync(workspace, 0)

    assert dict(Account.objects.values_list("external_id", "external")) == {"a": False, "b": True}


def test_an_edit_is_told_once(sync):
    """Another title is an edit with before and after; the role in the profile is not told twice."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {})
    sync(workspace, 0)
    workspace.members["b"].title, workspace.members["b"].role = "Head", "owner"
    workspace.members["a"].name = "Ana Other"

    sync(workspace, 1)

    told = set(Change.objects.values_list("kind", "account__external_id"))
    assert told == {("role changed", "b"), ("edited", "b"), ("edited", "a")}
    edits = Change.objects.filter(kind="edited")
    assert edits.get(account__external_id="b").detail == {"title": [None, "Head"]}
    assert edits.get(account__external_id="a").detail == {"name": ["Person a", "Ana Other"]}
    role = Change.objects.get(kind="role changed")
    assert (role.before.name, role.entitlement.name) == ("Member", "Owner")


def test_a_new_member_with_a_new_group(sync):
    """Who joins has a role from the first moment, and their groups are told beside it."""
    sync(a_workspace({"a": "owner"}, {}), 0)

    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["b"]}), 1)

    told = list(Change.objects.order_by("id").values_list("kind", "entitlement__name"))
    assert told == [("joined", "Member"), ("group created", "Group g"), ("added to", "Group g")]


def test_a_renamed_group_is_the_same_group(sync):
    """Another name ends the period of the old one; who is in it stays in it: one line is told."""
    workspace = a_workspace({"a": "owner"}, {"g": ["a"]})
    sync(workspace, 0)
    workspace.names["g"] = "Design"

    sync(workspace, 1)

    group = Resource.objects.get(external_id="g")
    assert (group.name, group.entitlements.get().name) == ("Design", "Design")
    assert list(group.periods.order_by("from_at").values_list("name", "until_at")) == [
        ("Group g", NOON + HOUR + GROUPS_AFTER),
        ("Design", None),
    ]
    told = [(one.kind, one.account, one.entitlement) for one in Change.objects.all()]
    assert told == [("group renamed", None, group.entitlements.get())]


def test_the_same_again_says_nothing(app, sync):
    """Equal content is known by its digest: a row for the sync, and nothing else is touched."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]})
    first = sync(workspace, 0)

    again = sync(workspace, 1)

    assert (again.number, again.counts["unchanged"], again.digest) == (2, True, first.digest)
    app.refresh_from_db()
    assert app.last_sync == again
    assert Grant.objects.filter(until_at=None).count() == 4


def test_the_same_file_again_is_done_already(app, tmp_path):
    """A retry of what was applied returns the row that it made."""
    path = write(tmp_path / "s.c1z", a_workspace({"a": "owner"}, {}), NOON)
    how = {"app_id": app.pk, "task_id": "t", "now": NOON + HOUR}

    assert take_in(path, **how) == take_in(path, **how)
    assert Sync.objects.count() == 1


def test_an_older_sync_is_refused(sync):
    """What was read before the last applied one had ended is not applied any more."""
    sync(a_workspace({"a": "owner", "b": "member"}, {}), 1)

    with pytest.raises(Conflict, match="before the last one"):
        sync(a_workspace({"a": "owner"}, {}), 0)

    assert Account.objects.filter(present=True).count() == 2


def test_a_clock_that_is_ahead_is_refused(app, tmp_path):
    """A sync from the future would make all later ones look old."""
    path = write(tmp_path / "s.c1z", a_workspace({"a": "owner"}, {}), NOON + 2 * HOUR)

    with pytest.raises(Conflict, match="clock"):
        take_in(path, app_id=app.pk, task_id="t", now=NOON + HOUR)


def test_an_empty_file_ends_nothing(sync):
    """A file without accounts proves nothing, whatever it is called."""
    sync(a_workspace({"a": "owner"}, {"g": ["a"]}), 0)

    done = sync(a_workspace({}, {}), 1)

    assert (done.completeness, done.complete_types) == ("partial", [])
    assert Account.objects.get().present
    assert Grant.objects.filter(until_at=None).count() == 2


def test_a_file_that_leaves_types_out_ends_nothing_of_them(sync):
    """A file of accounts only, called full, says nothing of roles and groups."""
    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]}), 0)

    done = sync(a_workspace({"a": "owner"}, {}), 1, types=["user"])

    assert done.complete_types == ["user"]
    assert not Account.objects.get(external_id="b").present
    assert Grant.objects.filter(until_at=None).count() == 4


def test_a_partial_sync_adds_and_ends_nothing(sync):
    """What is in it is right, what is not in it is not gone; one role takes another's place."""
    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]}), 0)

    sync(a_workspace({"a": "member", "c": "member"}, {"g": ["c"]}), 1, label="partial")

    assert set(Account.objects.filter(present=True).values_list("external_id", flat=True)) == {
        "a",
        "b",
        "c",
    }
    held = Grant.objects.filter(until_at=None).values_list(
        "account__external_id", "entitlement__slug", "entitlement__name"
    )
    assert set(held) == {
        ("a", "assigned", "Member"),
        ("b", "assigned", "Member"),
        ("c", "assigned", "Member"),
        ("a", "member", "Group g"),
        ("b", "member", "Group g"),
        ("c", "member", "Group g"),
    }


def test_an_unfinished_sync_is_refused(app, tmp_path):
    """A file whose sync was never ended changes nothing."""
    path = write(tmp_path / "s.c1z", a_workspace({"a": "owner"}, {}), NOON, end=False)

    with pytest.raises(Unfinished):
        take_in(path, app_id=app.pk, task_id="t", now=NOON + HOUR)

    assert Sync.objects.count() == 0


def test_a_damaged_trait_is_a_bad_file():
    """What an account's record encloses is as damaged as the file that holds it."""
    enclosed = Any(type_url=f"type.googleapis.com/{UserTrait.DESCRIPTOR.full_name}", value=b"\xff")
    record = resource_pb2.Resource(annotations=[enclosed]).SerializeToString()

    with pytest.raises(BadFile, match="user:a"):
        account(record, "user:a")


def test_a_guard_can_say_no(app, sync):
    """What the guard raises comes out and nothing is changed; it sees what would end, and whose."""
    people = {f"p{n}": "member" for n in range(10)}
    sync(a_workspace(people, {"g": people}), 0)
    seen = []

    def guard(preview):
        seen.append((preview, preview.examples()))
        raise Conflict("No.")

    with pytest.raises(Conflict, match=r"^No\."):
        sync(a_workspace({"p0": "owner", "p1": "member"}, {"g": ["p0"]}), 1, guard=guard)

    ((preview, examples),) = seen
    assert (preview.accounts.before, preview.accounts.ended) == (10, 8)
    assert (preview.grants["role"].changed, preview.grants["role"].ended) == (1, 8)
    assert (preview.grants["group"].before, preview.grants["group"].ended) == (10, 9)
    assert set(preview.shrinking(50)) == {"account", "role", "group"}
    assert set(preview.shrinking(90)) == {"group"}
    assert preview.overlap == 1.0
    assert ("group", "Person p1", "Group g") in {(e.kind, e.name, e.of) for e in examples}
    assert Account.objects.filter(present=True).count() == 10
    app.refresh_from_db()
    assert app.last_sync.number == 1


def test_a_new_member_of_a_group_that_was_deleted_meanwhile(sync):
    """What was seen to be gone after the sync began is not counted for whoever is new either."""
    sync(a_workspace({"a": "owner"}, {"g": ["a"]}), 0)
    later = NOON + HOUR + HOUR / 2
    ended = {"until_at": later, "observed_at": later}
    ResourcePeriod.objects.filter(resource__external_id="g", until_at=None).update(**ended)
    Grant.objects.filter(entitlement__kind="group", until_at=None).update(**ended)

    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]}), 1)

    assert not Grant.objects.filter(entitlement__kind="group", until_at=None).exists()
    assert Account.objects.get(external_id="b").groups == 0
    assert Account.objects.get(external_id="b").role.external_id == "role:member:assigned"


def test_another_workspace_shows(app, sync, tmp_path):
    """The same people in other groups: persons keep their ids in all workspaces of a company."""
    people = {f"p{n}": "member" for n in range(4)}
    sync(a_workspace(people, {"g1": [], "g2": []}), 0)
    path = write(tmp_path / "other.c1z", a_workspace(people, {"h1": [], "h2": []}), NOON + HOUR)

    found = preview(path, app_id=app.pk)

    assert found.overlap == 0.0
    assert (found.resources.added, found.resources.ended) == (2, 2)
    assert Sync.objects.count() == 1
    assert Resource.objects.filter(external_id="h1").count() == 0


def test_a_file_of_the_go_sdk(app):
    """A file of Baton's own SDK: what groups hold, and who is not listed, is left out and said."""
    with open_c1z(GOLDEN) as reader:
        run = reader.sync()
        users = {one.id.resource for one in reader.resources(run.sync_id, "user")}
        holders = [one.principal.id for one in reader.grants(run.sync_id)]
    by_users = [one.resource for one in holders if one.resource_type == "user"]

    done = take_in(GOLDEN, app_id=app.pk, task_id="t", now=run.ended_at)

    assert Account.objects.count() == len(users) > 0
    assert Grant.objects.count() == sum(one in users for one in by_users) > 0
    assert done.counts["held_by_groups"] == len(holders) - len(by_users) > 0
    assert done.counts["held_by_strangers"] == sum(one not in users for one in by_users) > 0
    assert (done.completeness, done.complete_types) == ("partial", ["user"])
    assert Account.objects.get(external_id="0").emails == ["u0@x.io"]


def test_no_key_leads_nowhere(sync):
    """The database does not check the keys of periods, so this does."""
    sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]}), 0)
    sync(a_workspace({"a": "member"}, {"h": ["a"]}), 1)

    for model in (Presence, AccountAttributes, Grant, ResourcePeriod):
        for key in model._meta.get_fields():
            if key.many_to_one:
                there = key.related_model.objects.values("pk")
                lost = model.objects.exclude(**{key.name: None}).exclude(
                    **{f"{key.name}__in": there}
                )
                assert lost.count() == 0, (model, key.name)
