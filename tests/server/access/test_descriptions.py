"""How an account was described, as periods."""

from workspaces import a_workspace

from rolecall.server.access.models import Account


def test_a_description_ends_where_the_next_begins(sync):
    """An edit ends one period and begins another; whoever is not edited keeps theirs."""
    workspace = a_workspace({"a": "owner", "b": "member"}, {})
    sync(workspace, 0)
    workspace.members["a"].name = "Ana Costa-Lima"
    sync(workspace, 1)

    before, now = Account.objects.get(external_id="a").descriptions.order_by("from_at")
    assert (before.name, now.name) == ("Person a", "Ana Costa-Lima")
    assert before.until_at == now.from_at
    assert now.until_at is None
    assert Account.objects.get(external_id="b").descriptions.get().until_at is None
