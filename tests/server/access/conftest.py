"""An app to take syncs into."""

import pytest
from access_app import HOUR, NOON
from workspaces import write

from rolecall.server.access.intake import take_in
from rolecall.server.access.models import App


@pytest.fixture
def app(db) -> App:  # noqa: ARG001 - there must be a database
    """An app that has never been synced."""
    return App.objects.create(name="Notion", created_at=NOON, domains=["acme.example"])


@pytest.fixture
def sync(app, tmp_path):
    """Take a workspace in, as read so many hours after noon; more arguments go to the writer."""

    def take(workspace, hours, *, guard=None, proved=None, **how):
        at = NOON + hours * HOUR
        path = write(tmp_path / "sync.c1z", workspace, at, **how)
        return take_in(
            path, app_id=app.pk, task_id="t", now=at + HOUR / 2, guard=guard, proved=proved
        )

    return take
