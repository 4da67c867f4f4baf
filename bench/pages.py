"""The pages of a large app: 100,000 accounts, 10,000 groups, 1,100,000 grants, eight clients.

Runs `rolecall up` on a data folder of its own, takes two syncs in, and lets eight logged-in clients
ask for the same kind of page as fast as they are answered. Prints one Markdown table: how long a
page takes, beside the login page in the same run; how many queries it makes, and how long the
database takes for them when nobody else asks. Then CSV of all accounts, with the memory of the web
processes. Ends with 1 if a page that has an aim misses it.

`--data DIR` keeps the filled folder for the next run; `--files DIR` are the files of `intake.py`.
"""

import argparse
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import intake
import psycopg
from visits import addresses
from vitals import peak_mib

from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.installation import Installation

__all__ = ["main"]

CLIENTS = 8
AIM_MS = 300.0
AIMED = ("accounts", "account", "entitlements", "entitlement", "search")
"""The first word of kinds that have an aim."""
ALONE = 5
"""How many of them are asked for while nobody else asks."""
LONG_S = 300.0
COOKIE = "rolecall"


@dataclass(kw_only=True)
class Stage:
    """A filled installation that is served."""

    host: str
    cookies: list[str]
    kinds: dict[str, list[str]]
    """Kind of page → addresses."""
    environ: dict[str, str]
    """Of a program of ours that works as the web does."""
    supervisor: int
    """The process id of `rolecall up`."""


@contextmanager
def stage(data: Path, files: Path) -> Iterator[Stage]:
    """`rolecall up` on this folder, filled if it is empty."""
    with socket.socket() as free, socket.socket() as other:
        for one in (free, other):
            one.bind(("127.0.0.1", 0))
        host, controller = f"localhost:{free.getsockname()[1]}", other.getsockname()[1]
    environ = {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "TZ"}},
        "ROLECALL_PUBLIC_URL": f"http://{host}",
        "ROLECALL_BIND": host.replace("localhost", "127.0.0.1"),
        "ROLECALL_CONTROLLER_BIND": f"127.0.0.1:{controller}",
    }
    with up(data, environ) as process:
        here = Installation(data=data, environ=environ)
        cluster = Cluster(data, user=here.user())
        for_django = {"DJANGO_SETTINGS_MODULE": "rolecall.server.project.settings"}
        worker = here.surroundings(DATABASE_URL=cluster.url(Role.WORKER)) | for_django
        if step("fill", worker, "--files", str(files))["new"]:
            with psycopg.connect(cluster.url(Role.OWNER), autocommit=True) as connection:
                connection.execute("vacuum analyze")  # as the database does by itself in a while
        web = here.surroundings(DATABASE_URL=cluster.url(Role.WEB)) | for_django
        yield Stage(host=host, environ=web, supervisor=process.pid, **step("visit", web))


@contextmanager
def up(data: Path, environ: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`rolecall up`, until the end of the block."""
    log = data.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("rolecall"), "up", "--data", data],
            env=environ,
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + LONG_S
        while "Rolecall is at" not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"it did not start; see {log}")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def step(name: str, environ: dict[str, str], *words: str, given: object = None) -> Any:  # noqa: ANN401 - JSON
    """One step in a process of its own, which knows the database; what it prints."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, *words],
        env=environ | {"PYTHONSAFEPATH": ""},  # this file's neighbours are needed
        check=True,
        input=json.dumps(given).encode(),
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def fill(files: Path) -> dict[str, Any]:
    """Take both syncs in, unless that was done before."""
    from rolecall.server.access.intake import take_in  # noqa: PLC0415 - needs Django
    from rolecall.server.access.models import App  # noqa: PLC0415

    app, new = App.objects.get_or_create(
        name="Bench", defaults={"created_at": intake.BEGAN, "domains": ["acme.example"]}
    )
    for name in ("first", "changed") if new or app.last_sync is None else ():
        print(f"Taking in {name} ...", file=sys.stderr)
        at = intake.BEGAN + 24 * intake.HOUR
        take_in(files / f"{name}.c1z", app_id=app.pk, task_id="bench", now=at)
    return {"new": new}


def visit() -> dict[str, Any]:
    """Log clients in as the first administrator, and choose the addresses."""
    from django.conf import settings  # noqa: PLC0415 - needs Django
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY  # noqa: PLC0415
    from django.contrib.auth import SESSION_KEY as USER_KEY  # noqa: PLC0415

    from rolecall.server.people.models import User  # noqa: PLC0415
    from rolecall.server.people.sessions import SessionStore  # noqa: PLC0415

    user, cookies = User.objects.order_by("pk")[0], []
    for _ in range(CLIENTS):
        session = SessionStore()
        session[USER_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        cookies.append(session.session_key)
    return {"cookies": cookies, "kinds": addresses()}


def ask(stage: Stage) -> dict[str, dict[str, float]]:
    """For one address of each kind: its queries, and the milliseconds of the database, alone."""
    from django.conf import settings  # noqa: PLC0415 - needs Django
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    spans: list[float] = []

    def timed(execute: Any, *words: Any) -> Any:  # noqa: ANN401 - Django's
        before = time.perf_counter()
        try:
            return execute(*words)
        finally:
            spans.append(time.perf_counter() - before)

    client = Client(headers={"host": stage.host})
    found = {}
    for kind, listed in stage.kinds.items():
        costs = []
        cookie = "" if listed[0].startswith("/login/") else stage.cookies[0]
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        for address in listed[:ALONE]:
            spans.clear()
            began = time.perf_counter()
            with connection.execute_wrapper(timed):
                client.get(address)
            costs.append((sum(spans) * 1000, (time.perf_counter() - began) * 1000, len(spans)))
        sql, whole, queries = sorted(costs)[len(costs) // 2]
        found[kind] = {"sql_ms": sql, "whole_ms": whole, "queries": queries}
    return found


@dataclass
class Load:
    """Clients that ask for one kind of page, again and again."""

    stage: Stage
    addresses: list[str]
    seconds: float
    spans: list[float] = field(default_factory=list)

    def run(self) -> list[float]:
        """Seconds of each answer, shortest first."""
        clients = [
            threading.Thread(target=self._client, args=(n, cookie))
            for n, cookie in enumerate(self.stage.cookies)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return sorted(self.spans)

    def _client(self, number: int, cookie: str) -> None:
        until = time.monotonic() + self.seconds
        turn = itertools.cycle(self.addresses[number:] + self.addresses[:number])
        for address in turn:
            self.spans.append(fetch(self.stage, cookie, address)[0])
            if time.monotonic() > until:
                return


def fetch(stage: Stage, cookie: str, address: str) -> tuple[float, float, bytes]:
    """Seconds until everything is there, seconds until the first of it, and what came."""
    name, _, port = stage.host.partition(":")
    with closing(http.client.HTTPConnection(name, int(port), timeout=LONG_S)) as connection:
        began = time.perf_counter()
        headers = {} if address.startswith("/login/") else {"Cookie": f"{COOKIE}={cookie}"}
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        first = time.perf_counter() - began
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"{address} is answered with {answer.status}")
        return time.perf_counter() - began, first, body


def children(pid: int) -> list[int]:
    """The processes that a process has started (Linux)."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(one) for one in listed]


def web_processes(supervisor: int) -> list[int]:
    """The processes that answer: the children of the web process."""
    words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(supervisor)}
    return [one for pid, said in words.items() if b"\0web\0" in said for one in children(pid)]


def cpu_s(pid: int) -> float:
    """What a process and all below it have computed so far, those that ended too (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(cpu_s, children(pid)))


def exported(stage: Stage, address: str) -> str:
    """CSV of all accounts, as a sentence."""
    pids = web_processes(stage.supervisor)
    before = [peak_mib(pid) for pid in pids]
    whole, first, body = fetch(stage, stage.cookies[0], f"{address}?as=csv")
    grown = max(peak_mib(pid) - was for pid, was in zip(pids, before, strict=True))
    rows = body.count(b"\n") - 1
    return (
        f"CSV of {rows:,} accounts, {len(body) / 2**20:.1f} MiB: the first byte after"
        f" {first:.2f} s, all of it after {whole:.1f} s ({rows / whole:,.0f} rows a second)."
        f" Peak memory of the web processes {max(map(peak_mib, pids)):.0f} MiB,"
        f" {grown:.0f} of them because of it."
    )


def measured(stage: Stage, seconds: float, only: str) -> bool:
    """Measure and print; whether every aim is met."""
    stage.kinds = {kind: them for kind, them in stage.kinds.items() if only in kind}
    alone = step("ask", stage.environ, given=asdict(stage))
    print("| Page | p50 ms | p95 ms | max ms | answers/s | CPU ms | alone ms | SQL ms | queries |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    missed = 0
    for kind, listed in stage.kinds.items():
        for address in listed[:2]:
            fetch(stage, stage.cookies[0], address)
        cpu = cpu_s(stage.supervisor)
        spans = Load(stage, listed, seconds).run()
        cpu = (cpu_s(stage.supervisor) - cpu) / len(spans) * 1000
        p95 = quantiles(spans, n=20)[-1] * 1000
        aimed = kind.partition(":")[0] in AIMED
        missed += aimed and p95 > AIM_MS
        said = f"{p95:.0f}{' **missed**' * (aimed and p95 > AIM_MS)}"
        own = alone[kind]
        print(
            f"| {kind} | {median(spans) * 1000:.0f} | {said} | {spans[-1] * 1000:.0f}"
            f" | {len(spans) / sum(spans) * CLIENTS:.0f} | {cpu:.0f} | {own['whole_ms']:.0f}"
            f" | {own['sql_ms']:.1f} | {own['queries']:.0f} |",
            flush=True,
        )
    return not missed


def main() -> None:
    """Measure, or carry out one step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--memberships", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="folder that is kept, filled, for the next run")
    parser.add_argument("--files", type=Path, help="folder of the files; made there if missing")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each kind of page")
    parser.add_argument("--only", default="", help="kinds of pages that have this in their name")
    parser.add_argument("--step", choices=["fill", "visit", "ask"], help="only this")
    asked = parser.parse_args()
    if asked.step:
        carry_out(asked)
        return
    with TemporaryDirectory(prefix="rolecall-bench-") as name:
        Path(name).chmod(0o711)  # the database's user passes through, under root
        data, files = (asked.data or Path(name) / "data").absolute(), asked.files or Path(name)
        if not (data.exists() or (files / "changed.c1z").exists()):
            print("Making the files ...", file=sys.stderr)
            intake.make(files, asked.accounts, asked.groups, asked.memberships)
        with stage(data, files) as on:
            accounts = on.kinds["accounts: first page"][0]
            met = measured(on, asked.seconds, asked.only)
            print("\n" + exported(on, accounts))
    sys.exit(0 if met else 1)


def carry_out(asked: argparse.Namespace) -> None:
    """One step, in this process; prints JSON."""
    import django  # noqa: PLC0415 - needs its settings first

    django.setup()
    if asked.step == "fill":
        found: Any = fill(asked.files)
    elif asked.step == "visit":
        found = visit()
    else:
        found = ask(Stage(**json.load(sys.stdin)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
