"""What the roles `web` and `worker` may do in the database; `rights.sql` is the list.

The names of the roles are the same wherever the database is: `rolecall_web`, `rolecall_worker`.
Where they are not there, as with a server of one's own and a single role, there is nothing to give,
and `rolecall check --deploy` says so.
"""

from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

__all__ = ["WEB", "WORKER", "grant", "missing_roles"]

WEB: Final = "rolecall_web"
WORKER: Final = "rolecall_worker"

_LIST: Final = Path(__file__).with_name("rights.sql")


def grant(url: str) -> bool:
    """Give the rights, all or none; whether the roles are there to have them.

    Args:
        url: of the database, for its owner.
    """
    with psycopg.connect(url) as connection:
        if _missing(connection):
            return False
        connection.execute(
            sql.SQL(_LIST.read_text(encoding="utf-8")).format(
                web=sql.Identifier(WEB),
                worker=sql.Identifier(WORKER),
                database=sql.Identifier(connection.info.dbname),
            )
        )
    return True


def missing_roles(url: str) -> list[str]:
    """Which of the two roles the server does not have."""
    with psycopg.connect(url) as connection:
        return _missing(connection)


def _missing(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", ([WEB, WORKER],)
    )
    found = {name for (name,) in rows}
    return [name for name in (WEB, WORKER) if name not in found]
