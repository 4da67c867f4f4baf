"""A backup and the way back, between database servers that are not ours: by DATABASE_URL alone."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from programs import ROLECALL, Running, a_free_port, wait_until
from psycopg import sql

from rolecall.server.project import keys_file
from rolecall.server.project.embedded.binaries import Binaries
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import give, spawn, unprivileged

pytestmark = pytest.mark.slow

OLDEST = 16
"""The oldest server that we support, and one whose programs are here."""
DAILY = (Role.OWNER, Role.WEB, Role.WORKER)
TOKEN = "scim_" + "K9j8H7g6F5d4S3a2P1o0" * 2

FILL = f"""
from django.db import transaction
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.audit import sealing
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import SYSTEM, record
from rolecall.server.connectors import vault
from rolecall.server.connectors.models import Connector
now = clock.now()
with transaction.atomic():
    app = App.objects.create(name="Larkspur", created_at=now)
    made = Connector.objects.create(app=app, name="Notion", created_at=now)
    vault.offer(made, "scim_token", {TOKEN!r}, set_by="Ada", made_by="Ada", now=now)
    Event.objects.all()._raw_delete("default")
    record(SYSTEM, "app:app:create", app, now=now)
sealing.seal(now)
"""
OPEN = """
from rolecall.server.connectors import vault
from rolecall.server.connectors.models import Secret
print(vault.open_all(Secret.objects.all())["scim_token"])
"""
PAGE = """
from urllib.parse import urlsplit
from django.test import Client
print(Client(SERVER_NAME="localhost").get(urlsplit(LINK).path).status_code)
"""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A PostgreSQL as an administrator would have set it up, on a port of this machine."""

    port: int
    passwords: dict[str, str]

    def url(self, role: str) -> str:
        """The address of our database."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/rolecall"


@contextmanager
def a_server(place: Path) -> Iterator[Server]:
    """A new one of the oldest version, with the roles of the guide and an empty database."""
    programs, user = Binaries(major=OLDEST, user=unprivileged()), unprivileged()
    made = Server(
        port=a_free_port(),
        passwords={role: secrets.token_urlsafe(12) for role in ("postgres", *DAILY)},
    )
    place.mkdir()
    give(place, user, 0o700)
    secret, log = place.with_suffix(".password"), place.with_suffix(".log")
    secret.write_text(made.passwords["postgres"])
    give(secret, user, 0o600)
    how = ("--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={secret}")
    programs.run("initdb", "-D", place, "--username=postgres", *how)
    where = (f"--port={made.port}", "--listen_addresses=127.0.0.1", "--unix_socket_directories=")
    with log.open("wb") as said:
        process = spawn(
            [programs["postgres"], "-D", place, *where, "--fsync=off"],
            user, ends_by=signal.SIGINT, environ={"LC_ALL": "C"}, output=said,
        )  # fmt: skip
        try:
            wait_until(lambda: b"ready to accept" in log.read_bytes())
            settle(made)
            yield made
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@pytest.fixture
def server(place: Path) -> Iterator[Server]:
    """One, for this test."""
    with a_server(place / "server") as made:
        yield made


def settle(server: Server) -> None:
    """What the guide says."""
    admin = server.url("postgres").replace("/rolecall", "/postgres")
    with psycopg.connect(admin, autocommit=True) as asked:
        for role in DAILY:
            asked.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(server.passwords[role])
                )
            )
        asked.execute(
            "CREATE DATABASE rolecall OWNER rolecall_owner ENCODING 'UTF8' LOCALE 'C'"
            " TEMPLATE template0"
        )


def surroundings(server: Server, keys: Path) -> dict[str, str]:
    """What a program needs for the installation on this server."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": server.url(Role.OWNER),
        "ROLECALL_PUBLIC_URL": "http://localhost:8010",
        "ROLECALL_KEYS_FILE": str(keys),
    }


def run(server: Server, keys: Path, *words: str | Path, **environ: str) -> str:
    """A command on it, which must go well; what it says."""
    done = subprocess.run(
        [*ROLECALL, *words], env={**surroundings(server, keys), **environ}, cwd="/",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(code: str, environ: dict[str, str]) -> str:
    """Run something in the server's own terms; what it prints."""
    environ = {**environ, "DJANGO_SETTINGS_MODULE": "rolecall.server.project.settings"}
    whole = f"import django; django.setup()\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", whole], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(url: str) -> dict[str, int]:
    """How many there are in each table of ours that a restore does not write to itself."""
    with psycopg.connect(url) as asked:
        found = asked.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('audit_event', 'people_session')"
        ).fetchall()
        counts = {}
        for (name,) in found:
            question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            counts[name] = asked.execute(question).fetchone()[0]
    return counts


def test_from_one_server_to_another(server, place):
    """An empty server and the keys by another way: every row, every secret, and the trail."""
    keys, copy, file = place / "keys.json", place / "copy.json", place / "backup"
    keys_file.write(keys, keys_file.fresh(), None)
    link = run(server, keys, "migrate", "--first-administrator").split()[-1]
    script(FILL, surroundings(server, keys))
    secret = script(OPEN, surroundings(server, keys))
    run(server, keys, "backup", file, "--keys", copy)

    with a_server(place / "other") as other:
        there = place / "there.json"
        run(other, there, "restore", file, "--keys", copy)
        before, after = rows(server.url(Role.OWNER)), rows(other.url(Role.OWNER))
        verified = run(other, there, "audit", "verify")
        opened = script(OPEN, surroundings(other, there))
        page = script(f"LINK = {link!r}\n{PAGE}", surroundings(other, there))

    assert link.startswith("http://localhost:8010/login/link/")
    assert after == before
    assert before["connectors_secret"] == before["audit_seal"] == 1
    assert "complete and unchanged: 1 sealed" in verified
    assert opened == secret == f"{TOKEN}\n"
    assert page == "200\n"


def test_from_a_server_into_a_folder(server, place):
    """It fills the data folder of `rolecall up` on an empty machine; the password is in a file."""
    keys, copy, file = place / "keys.json", place / "copy.json", place / "backup"
    keys_file.write(keys, keys_file.fresh(), None)
    run(server, keys, "migrate")
    script(FILL, surroundings(server, keys))
    passwords, password = place / "pgpass", server.passwords[Role.OWNER]
    passwords.touch(mode=0o600)
    passwords.write_text(f"127.0.0.1:{server.port}:rolecall:{Role.OWNER}:{password}\n")
    address = server.url(Role.OWNER).replace(f":{password}", "")
    environ = {"DATABASE_URL": address, "PGPASSFILE": str(passwords)}
    run(server, keys, "backup", file, "--keys", copy, **environ)
    here = Running(place / "data")
    restored = here.run("restore", file, "--keys", copy)
    assert restored.returncode == 0, restored.stderr
    here.start()
    status, verified = here.status("/ready"), here.run("audit", "verify")
    with psycopg.connect(Cluster(here.data, user=unprivileged()).url(Role.OWNER)) as asked:
        count = asked.execute("SELECT count(*) FROM connectors_secret").fetchone()
    here.stop()

    assert status == 200
    assert verified.returncode == 0, verified.stderr
    assert count == (1,)
    assert copy.read_bytes() == (here.data / "keys.json").read_bytes()
