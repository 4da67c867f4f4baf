"""Every test of the server: real settings, a real PostgreSQL, no socket to anywhere else.

`database` is the database of this process; `db` and `transactional_db` of pytest-django use it,
as the role that owns it. `database.url(Role.WEB)` and `environ()` are for tests of the roles, and
of programs.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator

import django
import msgspec
import pytest
from pytest_django.plugin import DjangoDbBlocker, blocking_manager_key
from session_database import SessionDatabase, run_of_xdist

_KEYS = {
    "active": "k1",
    "keys": {"k1": base64.b64encode(bytes(range(32))).decode()},
    "signing": ["only-for-tests-" * 4],
    "evidence": base64.b64encode(bytes(range(32))).decode(),
}


def _set_up_django() -> SessionDatabase:
    """Load the settings as a process of ours does, and leave the environment as it was."""
    found = SessionDatabase(*run_of_xdist())
    found.keys_file.touch(mode=0o600)
    found.keys_file.write_text(json.dumps(_KEYS), encoding="ascii")
    environ = {
        "ROLECALL_PUBLIC_URL": "http://localhost:8010",
        "ROLECALL_KEYS_FILE": str(found.keys_file),
        "DATABASE_URL": "postgresql://nobody@/not-yet",
        "DJANGO_SETTINGS_MODULE": "rolecall.server.project.settings",
    }
    os.environ.update(environ)
    try:
        django.setup()
    finally:
        for name in environ:
            del os.environ[name]
    return found


DATABASE = _set_up_django()

# These need Django to be set up.
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from psycopg.conninfo import conninfo_to_dict  # noqa: E402

from rolecall.server.project import rights  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    """A test that does not ask for the database does not get it."""
    config.stash[blocking_manager_key].block()


def pytest_sessionfinish() -> None:
    """This process needs no database any more."""
    DATABASE.leave()


def _use(url: str) -> None:
    """Let Django work with the database at this address."""
    connection.close()
    parts = conninfo_to_dict(url)
    connection.settings_dict.update(
        NAME=parts["dbname"], USER=parts["user"], PASSWORD=parts["password"], HOST=parts["host"]
    )


def _migrate(url: str) -> None:
    _use(url)
    call_command("migrate", verbosity=0)
    rights.grant(url)
    connection.close()


@pytest.fixture(scope="session")
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[SessionDatabase]:
    """The database of this process: migrated, empty, with the rights of all roles."""
    with django_db_blocker.unblock(), DATABASE.shared(_migrate):
        _use(DATABASE.url())
        django_db_blocker.block()
        yield DATABASE
        django_db_blocker.restore()
        connection.close()


@pytest.fixture(scope="session")
def django_db_setup(database: SessionDatabase, django_test_environment: None) -> None:
    """pytest-django makes no database: it is there. Mail goes where it goes in production."""
    del database, django_test_environment
    settings.EMAIL_BACKEND = "rolecall.server.mail.outbox.Backend"


@pytest.fixture(autouse=True)
def _no_jobs_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django empties its own tables after a test that commits; the jobs' tables are not its own."""
    yield
    if "transactional_db" in request.fixturenames:
        with (
            request.getfixturevalue("django_db_blocker").unblock(),
            connection.cursor() as cursor,
        ):
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let connectors go to these hosts."""

    def allow(*hosts: str) -> None:
        config = settings.CONFIG
        notion = msgspec.structs.replace(config.notion, allowed_hosts=hosts)
        monkeypatch.setattr(settings, "CONFIG", msgspec.structs.replace(config, notion=notion))

    return allow
