"""`rolecall` on the command line: help, refusals, exit statuses."""

import os
import subprocess
import sys

import pytest
from programs import ROLECALL, Running

from rolecall.server.project import cli

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: this is not root")


@pytest.fixture
def here(place):
    """An installation that is not there yet."""
    return Running(place / "data")


def test_help_is_there_at_once():
    """Nothing that takes long is imported for it."""
    heavy = {"django", "psycopg", "gunicorn", "structlog", "procrastinate"}
    code = f"import sys, rolecall.server.project.cli; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("command", "missing"), [("migrate", "psycopg"), ("up", "structlog"), ("migrate", "django")]
)
def test_without_the_extra_it_says_how_to_get_it(here, command, missing):
    """The connector installs `rolecall` too, without what the server needs."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from rolecall.server.project.cli import main; main([{command!r}])"
    )
    environ = {**here.environ, "ROLECALL_DATA": "", "DATABASE_URL": "postgresql:///x",
               "ROLECALL_KEYS_FILE": "/nowhere"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        f'rolecall: {missing} is not installed. Run: pip install "rolecall[server]"'
    ]


@pytest.mark.parametrize("command", cli._COMMANDS)
def test_every_command_has_help(command):
    """Each one that is listed is there, and says what it does."""
    done = subprocess.run(
        [*ROLECALL, command, "--help"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: rolecall")


@pytest.mark.parametrize("command", ["up", "migrate", "check", "admin-link", "upgrade"])
def test_without_a_place_nothing_starts(here, command):
    """Neither a data folder nor DATABASE_URL: the refusal names both."""
    done = here.run(command, ROLECALL_DATA="")

    assert done.returncode == 3
    assert "DATABASE_URL" in done.stderr or "--data DIR" in done.stderr


def test_two_places_are_refused(here):
    """A data folder and DATABASE_URL are two databases."""
    done = here.run("migrate", DATABASE_URL="postgresql://elsewhere/rolecall")

    assert done.returncode == 3
    assert "two databases" in done.stderr
    assert not here.data.exists()


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"ROLECALL_PUBLIC_URL": ""}, "public_url is missing"),
        ({"ROLECALL_PUBLIC_URL": "http://rolecall.example"}, "plain http"),
        ({"ROLECALL_MAIL_SENDER": "a@example.com"}, "only one is set"),
        ({"ROLECALL_CONFIG": "/nowhere/rolecall.toml"}, "cannot be read"),
    ],
)
def test_half_a_setting_starts_nothing(here, setting, told):
    """It is refused before the data folder is made."""
    done = here.run("up", **setting)

    assert done.returncode == 3
    assert told in done.stderr
    assert not here.data.exists()


def test_settings_may_lie_in_the_data_folder(here):
    """A rolecall.toml put there before the first start is read; a variable wins over it."""
    here.data.mkdir()
    (here.data / "rolecall.toml").write_text('public_url = "http://elsewhere.example"\n')
    theirs = here.run("up", ROLECALL_PUBLIC_URL="")
    (here.data / "rolecall.toml").write_text("colour = 'red'\n")
    unknown = here.run("up")

    assert theirs.returncode == unknown.returncode == 3
    assert "plain http" in theirs.stderr
    assert "colour" in unknown.stderr
    assert [one.name for one in here.data.iterdir()] == ["rolecall.toml"]


@NEEDS_ROOT
@pytest.mark.parametrize(
    ("user", "told"), [("root", "nothing of ours runs as root"), ("nobody-at-all", "has no user")]
)
def test_nothing_runs_as_root(here, user, told):
    """Not even when asked to."""
    done = here.run("up", "--run-as", user)

    assert done.returncode == 3
    assert told in done.stderr


@NEEDS_ROOT
@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_web_or_worker_of_root_steps_down_first(here, place, command):
    """It reads the keys as the unprivileged user, and says so if that one cannot."""
    keys = place / "keys.json"
    keys.touch(mode=0o600)
    done = here.run(
        command, ROLECALL_DATA="", DATABASE_URL="postgresql:///x", ROLECALL_KEYS_FILE=str(keys)
    )

    assert done.returncode == 3
    assert f"{keys} cannot be read: Permission denied" in done.stderr
