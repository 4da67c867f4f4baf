"""A workspace that was synced three times, and somebody who may take its access along."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "access"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

from access_app import HOUR, NOON
from cast import Role, a_user, acting
from workspaces import a_workspace, write

from rolecall.server.access.intake import take_in
from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor


@pytest.fixture
def app(db) -> App:  # noqa: ARG001 - there must be a database
    """An app that has never been synced."""
    return App.objects.create(name="Acme", created_at=NOON, domains=["acme.example"])


@pytest.fixture
def sync(app, tmp_path):
    """Take a workspace in, as read so many hours after noon."""

    def take(workspace, hours):
        at = NOON + hours * HOUR
        path = write(tmp_path / "sync.c1z", workspace, at)
        return take_in(path, app_id=app.pk, task_id="t", now=at + HOUR / 2)

    return take


@pytest.fixture
def three(sync):
    """Three syncs: b becomes owner and leaves, c comes, and changes from one group to another."""
    first = sync(a_workspace({"a": "owner", "b": "member"}, {"g": ["a", "b"]}), 0)
    workspace = a_workspace({"a": "owner", "b": "owner", "c": "member"}, {"g": ["a", "c"]})
    second = sync(workspace, 1)
    workspace = a_workspace({"a": "owner", "c": "member"}, {"g": ["a"], "h": ["c"]})
    return first, second, sync(workspace, 2)


@pytest.fixture
def auditor(db) -> Actor:  # noqa: ARG001 - there must be a database
    """May read everything."""
    return acting(a_user("rae@acme.example", Role.AUDITOR))
