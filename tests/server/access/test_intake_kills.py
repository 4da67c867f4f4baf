"""A process that dies while it takes a file in leaves the state before, or the state after."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from access_app import HOUR, NOON
from django.db import connection
from workspaces import a_workspace, write

from rolecall.server.access.models import Account, App, Change, Entitlement, Grant, Presence, Sync
from rolecall.server.project.embedded.roles import Role

RUNS = int(os.environ.get("RUNS") or 5)
SEED = int(os.environ.get("SEED") or time.time_ns())


class Nursery:
    """The process that forks, see `nursery.py`."""

    def __init__(self, environ):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("nursery.py")],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def run(self, path, app, now, *, kill_after=None):
        """Take a file in, or be killed on the way; seconds it took, and its status."""
        began = time.monotonic()
        self.process.stdin.write(f"{path} {app.pk} {now.isoformat()}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline().split()[1])
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it was faster
                os.kill(pid, signal.SIGKILL)
        status = int(self.process.stdout.readline().split()[1])
        return time.monotonic() - began, status


@pytest.fixture
def nursery(database):
    """Ready, as the worker's role, and gone after the test."""
    settings = {"DJANGO_SETTINGS_MODULE": "rolecall.server.project.settings"}
    found = Nursery(database.environ(Role.WORKER, **settings))
    yield found
    found.process.stdin.close()
    found.process.wait(10)
    found.process.stdout.close()


def a_company(dice):
    """Some two hundred people in twenty groups, never the same twice."""
    people = [f"p{number}" for number in range(200)]
    here = dice.sample(people, 180)
    roles = ("owner", "member", "restricted_member")
    groups = {f"g{n}": dice.sample(here, dice.randrange(60)) for n in dice.sample(range(30), 20)}
    return a_workspace({who: dice.choice(roles) for who in here}, groups)


def until_the_server_knows():
    """The database notices the death a little later, and may have been about to commit."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and usename = %s",
                [str(Role.WORKER)],
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.02)


def facts_of(workspace):
    """What must be there after a complete sync of it."""
    return {
        *(("account", who) for who in workspace.members),
        *((f"role:{one.role}:assigned", who) for who, one in workspace.members.items()),
        *((f"group:{g}:member", who) for g, inside in workspace.groups.items() for who in inside),
    }


def facts_now(app):
    """The open periods; and all that is kept beside them says the same."""
    there = Presence.objects.filter(until_at=None, account__app=app)
    facts = {("account", who) for who in there.values_list("account__external_id", flat=True)}
    held = Grant.objects.filter(until_at=None, account__app=app)
    facts |= set(held.values_list("entitlement__external_id", "account__external_id"))
    count = Counter(what for what, _ in facts)
    for entitlement in Entitlement.objects.filter(app=app):
        assert entitlement.holders == count[entitlement.external_id]
    groups = Counter(who for what, who in facts if what.startswith("group"))
    for account in Account.objects.filter(app=app).select_related("role"):
        assert account.present == (("account", account.external_id) in facts)
        assert account.groups == groups[account.external_id]
        if account.role:
            assert (account.role.external_id, account.external_id) in facts
    return facts


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment(nursery, tmp_path):
    """After kill -9 at random moments the app is as it was or as it should be; a retry ends it."""
    dice = random.Random(SEED)
    print(f"SEED={SEED}")
    app = App.objects.create(name="Notion", created_at=NOON)
    company = a_company(dice)
    write(tmp_path / "0.c1z", company, NOON)
    took, status = nursery.run(tmp_path / "0.c1z", app, NOON + HOUR / 2)
    assert status == 0
    outcomes = Counter()
    for number in range(1, RUNS + 1):
        before, company = company, a_company(dice)
        at = NOON + number * HOUR
        path = write(tmp_path / f"{number}.c1z", company, at)
        _, status = nursery.run(path, app, at + HOUR / 2, kill_after=dice.uniform(0, took))
        until_the_server_knows()
        applied = Sync.objects.filter(app=app).count() == number + 1
        outcomes[status == signal.SIGKILL, applied] += 1
        assert facts_now(app) == facts_of(company if applied else before)
        took = max(took / 2, nursery.run(path, app, at + HOUR / 2)[0])
        assert facts_now(app) == facts_of(company)
        assert Sync.objects.filter(app=app).count() == number + 1
        assert Change.objects.filter(sync__number=number + 1).exists()
    print(f"killed, applied: {dict(outcomes)}")
