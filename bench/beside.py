"""What orders are measured by: a workspace in a process of its own, and who else changes it.

A plain client over one connection that is kept, and the bare connector by a command for each.
"""

import http.client
import json
import os
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["CONNECTOR", "FREE", "Notion", "one_shot", "plain", "program", "simulator"]

PEOPLE, GROUPS = 1200, 10
PLAIN = 200
"""Memberships of the plain client; as many as fit into the time if it is paced."""
PLAIN_S = 30
ONE_SHOTS = 5
FREE = {"BATON_REQUESTS_PER_SECOND": "0"}
CONNECTOR = str(Path(sys.executable).parent / "rolecall-notion")
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, kw_only=True)
class Notion:
    """A simulator in a process of its own."""

    url: str
    token: str

    @property
    def environ(self) -> dict[str, str]:
        """For the connector."""
        return {"BATON_SCIM_TOKEN": self.token, "BATON_BASE_URL": self.url}


@contextmanager
def program(words: list[str], environ: dict[str, str], log: Path) -> Iterator[int]:
    """A process, by its id, until the end."""
    with log.open("ab") as said:
        process = subprocess.Popen(words, env=environ, stdout=said, stderr=said)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def simulator(log: Path, *words: object) -> Iterator[Notion]:
    """A workspace to change."""
    run = "from notion_sim.cli import main; main()"
    sizes = ("--port", 0, "--users", PEOPLE, "--groups", GROUPS)
    with program([sys.executable, "-c", run, *map(str, (*sizes, *words))], dict(os.environ), log):
        said: dict[str, str] = {}
        while not {"BATON_BASE_URL", "BATON_SCIM_TOKEN"} <= set(said):
            time.sleep(0.2)
            parts = (word.partition("=") for word in shlex.split(log.read_text("utf-8")))
            said = {name: text for name, _, text in parts}
        yield Notion(url=said["BATON_BASE_URL"], token=said["BATON_SCIM_TOKEN"])


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A client that asks one thing after the other, and waits when it is told to."""

    notion: Notion
    line: http.client.HTTPConnection

    def ask(self, verb: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        """What is answered."""
        token, kind = f"Bearer {self.notion.token}", "application/scim+json"
        data = None if body is None else json.dumps(body)
        where = f"{urlsplit(self.notion.url).path}{path}"
        while True:
            headers = {"Authorization": token, "Content-Type": kind}
            self.line.request(verb, where, data, headers)
            answer = self.line.getresponse()
            text = answer.read()
            if answer.status < http.client.BAD_REQUEST:
                return json.loads(text or "{}")
            if answer.status != http.client.TOO_MANY_REQUESTS:
                raise SystemExit(f"{verb} {where}: {answer.status} {text!r}")
            time.sleep(int(answer.headers.get("Retry-After") or 1))

    def change(self, group: str, op: str, member: str) -> None:
        """What an order is: look at the group, change it, look again."""
        change = {"op": op, "path": "members", "value": [{"value": member}]}
        self.ask("GET", f"/Groups/{group}")
        self.ask("PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": [change]})
        self.ask("GET", f"/Groups/{group}")


def plain(notion: Notion) -> tuple[float, float]:
    """Memberships a minute that a plain client makes, and seconds of CPU for each."""
    line = http.client.HTTPConnection(urlsplit(notion.url).netloc, timeout=60)
    client = Plain(notion=notion, line=line)
    people = client.ask("GET", "/Users?count=100&startIndex=201")["Resources"]
    group = client.ask("GET", "/Groups?count=100")["Resources"][-1]["id"]
    begun, cpu, done = time.monotonic(), time.process_time(), 0
    while done < PLAIN and time.monotonic() < begun + PLAIN_S:
        client.change(group, "remove" if done % 2 else "add", people[done // 2]["id"])
        done += 1
    line.close()
    return 60 * done / (time.monotonic() - begun), (time.process_time() - cpu) / done


def one_shot(notion: Notion, folder: Path, free: dict[str, str]) -> tuple[float, float]:
    """The same of the bare connector, by a command of its own for each."""
    line = http.client.HTTPConnection(urlsplit(notion.url).netloc, timeout=60)
    client = Plain(notion=notion, line=line)
    people = client.ask("GET", "/Users?count=100&startIndex=401")["Resources"]
    group = client.ask("GET", "/Groups?count=100")["Resources"][-1]["displayName"]
    line.close()
    words = [CONNECTOR, "group", "add", "--journal", str(folder / "journal"), group]
    environ = os.environ | free | notion.environ
    begun, before = time.monotonic(), children_cpu_s()
    for one in people[:ONE_SHOTS]:
        subprocess.run([*words, one["userName"]], env=environ, check=True, capture_output=True)
    wall, cpu = time.monotonic() - begun, children_cpu_s() - before
    return 60 * ONE_SHOTS / wall, cpu / ONE_SHOTS


def children_cpu_s() -> float:
    """Seconds of CPU of processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
