"""A backup: the whole database in one file of pg_dump's; and the way back, onto an empty one.

Keys are never in it. Neither are sessions: whoever was logged in logs in again.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

import psycopg
from psycopg import conninfo

from rolecall.errors import BadConfig, BadFile, Conflict, Fatal
from rolecall.server.project.embedded.binaries import MAJORS, NEWEST, Binaries

__all__ = ["copy_keys", "dump", "fill", "insist_on_empty", "insist_on_sound"]

_LEFT_OUT: Final = "people_session"


def dump(url: str, target: Path) -> int:
    """Write the database into a file, as it is at one moment; its size in bytes.

    The file is there when it is whole and was read once, or not at all; only its owner can read it.

    Args:
        url: of the database, for its owner.
        target: the file; it is replaced.

    Raises:
        BadConfig: the folder cannot be written to.
        Fatal: pg_dump failed; the error holds its last words.
    """
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    except OSError as error:
        raise BadConfig(
            f"{target.parent} cannot be written to: {error.strerror}.", hint="Name another folder."
        ) from error
    os.close(handle)
    draft = Path(name)
    try:
        arguments = ("--format=custom", f"--exclude-table-data={_LEFT_OUT}", f"--file={draft}")
        _run("pg_dump", url, *arguments)
        insist_on_sound(draft)
        size = draft.stat().st_size
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return size


def copy_keys(keys_file: Path, target: Path, backup: Path | None) -> None:
    """Copy the keys file, so that only its owner can read the copy.

    Raises:
        BadConfig: it would lie in the backup's own file, or cannot be read or written.
    """
    if backup is not None and target.absolute() == backup.absolute():
        raise BadConfig(
            "The keys and the backup cannot be the same file.",
            hint="Whoever has both can read every secret: keep them in different places.",
        )
    try:
        text = keys_file.read_bytes()
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadConfig(
            f"The keys cannot be copied from {keys_file} to {target}: {error.strerror}.",
            hint="Name a file that is not there yet, in a folder that you may write to.",
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        os.fsync(file.fileno())


def insist_on_sound(backup: Path) -> None:
    """Refuse what is not a backup.

    Raises:
        BadFile: it is not there, damaged, or something else.
    """
    try:
        Binaries(major=NEWEST, user=None).run("pg_restore", "--list", backup.absolute())
    except Fatal as error:
        raise BadFile(
            f"{backup} is not a backup that can be read: {error.what}",
            hint="Use another one; `rolecall backup` reads each one after writing it.",
        ) from error


def insist_on_empty(url: str) -> None:
    """Refuse a database that has tables.

    Raises:
        Conflict: it has some.
    """
    question = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    if row and row[0]:
        raise Conflict(
            f"The database is not empty: it has {row[0]} tables.",
            hint="A backup only fills an empty one: name a data folder that is not there yet.",
        )


def fill(url: str, backup: Path) -> None:
    """Read a backup into an empty database: all of it, or nothing.

    Args:
        url: of the database, for its owner.
        backup: a file that `dump` wrote.

    Raises:
        Fatal: pg_restore failed; the error holds its last words.
    """
    _run(
        "pg_restore",
        url,
        *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"),
        backup.absolute(),
    )


def _run(program: str, url: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's clients; the password goes by its environment.

    A newer pg_restore says things to an older server that it does not understand, so both come from
    the oldest version that we have and that knows the server.
    """
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10_000
        password = connection.info.password  # wherever it was found: in the address, or in a file
    parts = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items()}
    parts.pop("password", None)
    address = conninfo.make_conninfo("", **parts)
    major = min((one for one in MAJORS if one >= server), default=NEWEST)
    programs = Binaries(major=major, user=None)
    programs.run(program, f"--dbname={address}", *arguments, environ={"PGPASSWORD": password})
