"""From one major version of PostgreSQL to the next, by pg_upgrade, in a copy.

The old cluster is left as it is. The new one is made beside its place, and put there when it is
whole; whatever interrupts this, one of the two is there and sound, and it can be run again.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg

from rolecall.errors import Conflict
from rolecall.server.project.embedded.binaries import NEWEST, Binaries
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.initdb import LOCALE, initialise
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import give

__all__ = ["upgrade"]


def upgrade(cluster: Cluster, say: Callable[[str], None]) -> str:
    """Upgrade a stopped cluster.

    Args:
        cluster: in a data folder with a cluster of an older major version.
        say: is told what takes long.

    Returns:
        What was done, in a line for a person.

    Raises:
        Conflict: there is nothing to upgrade, or somebody is using the folder.
        Fatal: pg_upgrade failed; the error holds its last words, and the old cluster is as it was.
    """
    folder = cluster.folder
    majors = folder.majors()
    if not majors or majors[-1] >= NEWEST:
        raise Conflict(
            f"There is nothing to upgrade: {folder.path} has PostgreSQL {majors or 'not yet'}.",
            hint=f"Run: rolecall up --data {folder.path}",
        )
    old, new = (Binaries(major=major, user=folder.user) for major in (majors[-1], NEWEST))
    # Started and stopped once: pg_upgrade wants a clean end, and we must know the locale.
    with cluster.of_major(old.major) as before:
        locale = _locale(before.url(Role.ADMIN, "postgres"))
    folder.lock("rolecall upgrade")
    try:
        draft = folder.cluster(NEWEST).with_name(f"{NEWEST}.new")
        shutil.rmtree(draft, ignore_errors=True)
        say(f"Copying the database from PostgreSQL {old.major} to {NEWEST}.")
        initialise(new, draft, folder.password(Role.ADMIN), locale=locale)
        _pg_upgrade(cluster, (old, folder.cluster(old.major)), (new, draft))
        draft.rename(folder.cluster(NEWEST))
        kept = folder.cluster(old.major).with_name(f"{old.major}.old")
        folder.cluster(old.major).rename(kept)
    finally:
        folder.unlock()
    return (
        f"The database is of PostgreSQL {NEWEST} now. Changes that you made in postgresql.conf are "
        f"not in the new one. The old one is in {kept}; delete it when all is well."
    )


def _locale(admin: str) -> tuple[str, ...]:
    """How to make a cluster with the same order of text; pg_upgrade insists on it."""
    question = "SELECT datlocprovider, datcollate FROM pg_database WHERE datname = 'template0'"
    with psycopg.connect(admin) as connection:
        row = connection.execute(question).fetchone()
    provider, collate = row or ("c", "C")
    return LOCALE if provider == "b" else (f"--locale={collate}",)


def _pg_upgrade(cluster: Cluster, old: tuple[Binaries, Path], new: tuple[Binaries, Path]) -> None:
    """Run it in a folder of the database's user, where it leaves its log if it fails."""
    folder = cluster.folder
    work = folder.path / "postgres" / "upgrade"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    give(work, folder.user, 0o700)
    new[0].run(
        "pg_upgrade",
        *("--old-bindir", old[0].folder, "--new-bindir", new[0].folder),
        *("--old-datadir", old[1], "--new-datadir", new[1]),
        *("--username", Role.ADMIN, "--socketdir", folder.make_socket()),
        environ={"PGPASSWORD": folder.password(Role.ADMIN)},
        cwd=work,
    )
    shutil.rmtree(work)
