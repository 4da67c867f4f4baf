"""Taking a sync in, as a ratio to a bare COPY of the same rows: first, unchanged, 1 % changed.

Starts an embedded PostgreSQL in a temporary folder, makes the three files with the connector's own
writer, and measures each step in a process of its own, as the database role of the worker. The
floor is the same rows in three text columns without an index, by the same driver and server; it is
measured before each step and at the end, because a shared machine is not always as fast.
Prints one Markdown table, and says which aim is missed and by how much.
"""

import argparse
import base64
import json
import os
import random
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from rolecall.baton.c1z.draft import MAX_AGE, Draft, Resume
from rolecall.baton.c1z.folder import WorkFolder
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.c1z.syncs import SyncRun
from rolecall.baton.ids import ksuid
from rolecall.connector import resources as baton
from rolecall.notion.model import WORKSPACE_ROLES, Email, Group, Member

__all__ = ["main"]

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS = ("first", "same", "other_bytes", "changed")
AIMS = {"first": 8, "other_bytes": 5, "changed": 5}
SAID = {
    "first": "first",
    "same": "unchanged, known by the digest",
    "other_bytes": "unchanged, compared group by group",
    "changed": "1 % changed",
}


@dataclass
class Company:
    """Who is there, and who is in which group; by ids."""

    people: dict[str, int]
    groups: dict[str, set[str]]
    titles: dict[str, str] = field(default_factory=dict)


def make(folder: Path, accounts: int, groups: int, memberships: int) -> None:
    """The files: a company, the same twice more, and the same with 1 % changed; an hour apart."""
    dice = random.Random(1)
    people = {str(uuid.UUID(int=dice.getrandbits(128))): i for i in range(accounts)}
    ids = list(people)
    inside = {
        str(uuid.UUID(int=dice.getrandbits(128))): set(dice.sample(ids, memberships // groups))
        for _ in range(groups)
    }
    company = Company(people=people, groups=inside)
    for hours, step in enumerate(("first", "same", "again")):
        write(folder / f"{step}.c1z", BEGAN + hours * HOUR, company)
    company.titles = dict.fromkeys(ids[: accounts // 100], "Head of Something")
    names = list(inside)
    for _ in range(memberships // 200):
        group = inside[dice.choice(names)]
        group.discard(next(iter(group)))
        group.add(dice.choice(ids))
    write(folder / "changed.c1z", BEGAN + 3 * HOUR, company)


def write(path: Path, at: datetime, company: Company) -> None:
    """One sync, in one file."""
    run = SyncRun(sync_id=ksuid(at, os.urandom(16)), started_at=at)
    resume = Resume(config="bench", boot="bench", not_before=at - MAX_AGE)
    draft = Draft.begin(WorkFolder.claim(path), run, resume)
    with draft.phase("members"):
        write_members(draft, company)
    with draft.phase("groups"):
        for number, (key, members) in enumerate(company.groups.items()):
            made = baton.group_resource(Group(id=key, name=f"Group {number}", members=None))
            entitlement = baton.group_entitlement(made)
            draft.add_resources([made])
            draft.add_entitlements([entitlement])
            draft.add_grants(entitlement, baton.USER, sorted(members))
    with draft.phase("types"):
        draft.add_resource_types(baton.resource_types())
        draft.add_resources(map(baton.role_resource, WORKSPACE_ROLES))
        draft.add_entitlements(baton.ROLE_ENTITLEMENTS.values())
    draft.finish(at + HOUR / 2, keep=1)


def write_members(draft: Draft, company: Company) -> None:
    """Members and their roles, each role a quarter."""
    roles = [role.id for role in WORKSPACE_ROLES]
    draft.add_resources(
        baton.user_resource(member(key, i, company.titles.get(key, ""), roles[i % 4]))
        for key, i in company.people.items()
    )
    for number, role in enumerate(roles):
        held = [key for key, i in company.people.items() if i % 4 == number]
        draft.add_grants(baton.ROLE_ENTITLEMENTS[role], baton.USER, held)


def member(key: str, number: int, title: str, role: str) -> Member:
    """One of many."""
    email = f"person{number}@acme.example"
    return Member(
        id=key,
        user_name=email,
        display_name=f"Person {number} Example",
        given_name=f"Person {number}",
        family_name="Example",
        title=title,
        emails=(Email(address=email, primary=True),),
        role=role,
    )


def peak_mib() -> float:
    """The largest resident size of this process so far, in MiB (Linux: VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else float("nan")


def server_cpu_s(pid: int) -> float:
    """What a process of the database has computed so far, in seconds (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def floor(folder: Path) -> dict[str, float]:
    """What a bare COPY costs: the rows of the first file, ready made, into a table of text."""
    with open_c1z(folder / "first.c1z") as reader:
        rows = [
            (t, x, "")
            for t, x in reader.rows("select resource_type_id, external_id from v1_resources")
        ]
        rows += [
            (t, x, y)
            for t, x, y in reader.rows(
                "select resource_type_id, entitlement_id, principal_resource_id from v1_grants"
            )
        ]
    with psycopg.connect(os.environ["BENCH_OWNER"]) as connection:
        connection.execute("create table floor (a text, b text, c text)")
        connection.commit()
        pid = connection.info.backend_pid
        before, cpu = time.perf_counter(), time.process_time() + server_cpu_s(pid)
        with connection.cursor().copy("copy floor from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        wall = time.perf_counter() - before
        spent = time.process_time() + server_cpu_s(pid) - cpu
        connection.execute("drop table floor")
    return {"wall_s": wall, "cpu_s": spent, "rows": len(rows)}


def one(step: str, folder: Path) -> dict[str, Any]:
    """Take one file in; what it cost."""
    import django  # noqa: PLC0415 - needs its settings first

    django.setup()
    from django.db import connection  # noqa: PLC0415

    from rolecall.server.access.intake import take_in  # noqa: PLC0415
    from rolecall.server.access.models import App, Sync  # noqa: PLC0415

    app, _ = App.objects.get_or_create(name="Bench", defaults={"created_at": BEGAN})
    name = step
    if step == "other_bytes":  # the digest must not help: as if the last one were another's
        Sync.objects.filter(pk=app.last_sync_id).update(digest="")
        name = "again"
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    before, cpu = time.perf_counter(), time.process_time() + server_cpu_s(pid)
    done = take_in(folder / f"{name}.c1z", app_id=app.pk, task_id="bench", now=BEGAN + 24 * HOUR)
    return {
        "wall_s": time.perf_counter() - before,
        "cpu_s": time.process_time() + server_cpu_s(pid) - cpu,
        "peak_mib": peak_mib(),
        "counts": done.counts,
    }


@contextmanager
def database(folder: Path) -> Iterator[dict[str, str]]:
    """An embedded PostgreSQL, migrated; the environment of a worker that uses it."""
    from rolecall.server.project import rights  # noqa: PLC0415 - not in the children
    from rolecall.server.project.embedded.cluster import Cluster  # noqa: PLC0415
    from rolecall.server.project.embedded.roles import Role  # noqa: PLC0415
    from rolecall.server.project.processes import unprivileged  # noqa: PLC0415

    keys = folder / "keys.json"
    keys.touch(mode=0o600)
    sealing = {"k1": base64.b64encode(os.urandom(32)).decode()}
    held = {"active": "k1", "keys": sealing, "signing": ["bench" * 12], "evidence": sealing["k1"]}
    keys.write_text(json.dumps(held))
    with Cluster(folder / "data", user=unprivileged()) as cluster:
        environ = os.environ | {
            "ROLECALL_PUBLIC_URL": "http://localhost:8010",
            "ROLECALL_KEYS_FILE": str(keys),
            "DJANGO_SETTINGS_MODULE": "rolecall.server.project.settings",
            "DATABASE_URL": cluster.url(Role.OWNER),
            "BENCH_OWNER": cluster.url(Role.OWNER),
        }
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--verbosity=0"], env=environ, check=True
        )
        rights.grant(cluster.url(Role.OWNER))
        yield environ | {"DATABASE_URL": cluster.url(Role.WORKER)}


def measured(step: str, folder: Path, environ: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """What a step costs in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, "--files", str(folder)],
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def table(floors: list[dict[str, float]], found: dict[str, Any]) -> str:
    """The results as Markdown; the floor is the median of its runs."""
    wall = sorted(one["wall_s"] for one in floors)[len(floors) // 2]
    spent = sorted(one["cpu_s"] for one in floors)
    cpu = spent[len(spent) // 2]
    rows = int(floors[0]["rows"])
    lines = [
        (
            f"Floor: {rows:,} rows by bare COPY in {wall:.2f} s; {cpu:.2f} s of CPU, both sides"
            f" ({spent[0]:.2f} to {spent[-1]:.2f})."
        ),
        "",
        "| Taking in | Wall s | Ratio | Aim | CPU s | CPU ratio | Rows/s | Peak MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for step, cost in found.items():
        lines.append(
            f"| {SAID[step]} | {cost['wall_s']:.1f} | {cost['wall_s'] / wall:.1f}"
            f" | {AIMS.get(step, '-')} | {cost['cpu_s']:.1f} | {cost['cpu_s'] / cpu:.1f}"
            f" | {rows / cost['wall_s']:,.0f} | {cost['peak_mib']:.0f} |"
        )
    lines.append("")
    for step, aim in AIMS.items():
        if (ratio := found[step]["wall_s"] / wall) > aim:
            lines.append(f"Missed: {SAID[step]}: {ratio:.1f}, aim {aim}.")
    return "\n".join(lines)


def main() -> None:
    """Measure, or carry out one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--memberships", type=int, default=1_000_000)
    parser.add_argument("--files", type=Path, help="folder of the files; made there if missing")
    parser.add_argument("--step", choices=["floor", *STEPS], help="only this, in this process")
    asked = parser.parse_args()
    if asked.step:
        cost = floor(asked.files) if asked.step == "floor" else one(asked.step, asked.files)
        sys.stdout.write(json.dumps(cost) + "\n")
        return
    with TemporaryDirectory(prefix="rolecall-bench-") as name:
        Path(name).chmod(0o711)
        folder = asked.files or Path(name)
        if not (folder / "changed.c1z").exists():
            folder.mkdir(exist_ok=True)
            make(folder, asked.accounts, asked.groups, asked.memberships)
        with database(Path(name)) as environ:
            floors = [measured("floor", folder, environ)]
            found = {}
            for step in STEPS:
                found[step] = measured(step, folder, environ)
                floors.append(measured("floor", folder, environ))
        print(table(floors, found))


if __name__ == "__main__":
    main()
