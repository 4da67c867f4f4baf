"""Two syncs of one app that were read at the same time."""

import pytest
from access_app import HOUR
from workspaces import TAKES, a_workspace

from rolecall.errors import Conflict
from rolecall.server.access.models import Account


def test_a_sync_that_began_before_the_last_had_ended_is_refused(sync):
    """Half of what it read is older than what is known; at the very end it is not."""
    sync(a_workspace({"a": "owner", "b": "member"}, {}), 1)
    within, after = 1 + TAKES / HOUR / 2, 1 + TAKES / HOUR

    with pytest.raises(Conflict, match="before the last one"):
        sync(a_workspace({"a": "owner"}, {}), within)
    assert Account.objects.filter(present=True).count() == 2
    sync(a_workspace({"a": "owner"}, {}), after)
    assert Account.objects.filter(present=True).count() == 1
