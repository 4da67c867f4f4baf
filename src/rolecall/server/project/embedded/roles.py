"""The database's roles: who may connect, and as what.

`owner` migrates and backs up, `web` and `worker` do the daily work with fewer rights
(`project/privileges.py`), `admin` is PostgreSQL's superuser and is used by this folder alone.
"""

from enum import StrEnum
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

__all__ = ["DATABASE", "Role", "address", "settle"]

DATABASE: Final = "rolecall"


class Role(StrEnum):
    """A role, by the name that PostgreSQL knows."""

    ADMIN = "postgres"
    OWNER = "rolecall_owner"
    WEB = "rolecall_web"
    WORKER = "rolecall_worker"


def address(role: Role, password: str, folder: str, database: str) -> str:
    """The address of a database behind the socket in this folder; holds the password."""
    return f"postgresql://{role}:{quote(password)}@/{quote(database)}?host={quote(folder, safe='')}"


def settle(admin: str, passwords: dict[Role, str]) -> None:
    """Make the roles and the database, or set right what is there.

    Args:
        admin: the superuser's address, of the database `postgres`.
        passwords: of all other roles; they leave this process only as SCRAM verifiers.
    """
    with psycopg.connect(admin, autocommit=True) as connection:
        for role, password in passwords.items():
            if not _is_there(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            verifier = connection.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL(
                    "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}"
                ).format(sql.Identifier(role), sql.Literal(verifier))
            )
        if not _is_there(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(DATABASE), sql.Identifier(Role.OWNER)
                )
            )


def _is_there(connection: psycopg.Connection, question: str, name: str) -> bool:
    return connection.execute(sql.SQL(question), (str(name),)).fetchone() is not None
