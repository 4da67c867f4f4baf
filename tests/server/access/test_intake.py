"""What a file becomes."""

from workspaces import a_workspace

from rolecall.server.access.models import Account, Change, Entitlement, Grant, Presence


def test_the_first_sync_is_the_beginning(app, sync):
    """Accounts, groups, roles and who holds what are there; nothing is called a change."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"], "empty": []})

    done = sync(workspace, 0)

    ana = Account.objects.get(external_id="a")
    assert (ana.name, ana.email, ana.status, ana.seat) == (
        "Person a",
        "a@acme.example",
        "enabled",
        True,
    )
    assert ana.role.external_id == "role:owner:assigned"
    assert (ana.groups, ana.present, ana.external, ana.type) == (1, True, False, "human")
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
