"""The database's schema: brought up to this version by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from rolecall.server.project import rights

__all__ = ["behind", "migrate", "note"]

_ONE_AT_A_TIME: Final = 7_146_209_301
"""The key of the advisory lock; any number that nobody else uses."""


def migrate(url: str) -> list[str]:
    """Migrate, and give the daily roles their rights; needs Django.

    Args:
        url: of the database, for its owner.

    Returns:
        What was done, in lines for a person.
    """
    from django.core.management import call_command  # noqa: PLC0415 - needs settings

    with _alone(url):
        before = behind()
        call_command("migrate", verbosity=0, interactive=False)
        given = rights.grant(url)
    applied = f" ({len(before)} migrations applied)" if before else ""
    done = [f"The database is up to date{applied}."]
    if not given:
        done.append(
            f"The roles {rights.WEB} and {rights.WORKER} are not there, so nobody is kept from "
            "changing the audit trail: see docs/guides/run-the-server.md."
        )
    return done


def behind() -> list[str]:
    """The migrations that the database lacks, as `noun.name`; needs Django."""
    from django.db import connection  # noqa: PLC0415 - needs settings
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def note(action: str, **detail: Any) -> None:  # noqa: ANN401 - anything JSON holds
    """Keep in the audit trail what was done from the command line; needs Django."""
    from django.db import transaction  # noqa: PLC0415 - needs settings

    from rolecall.server import clock  # noqa: PLC0415 - needs settings
    from rolecall.server.audit.trail import SYSTEM, record  # noqa: PLC0415 - needs settings

    with transaction.atomic():
        record(SYSTEM, action, None, now=clock.now(), **detail)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_AT_A_TIME,))
        yield
