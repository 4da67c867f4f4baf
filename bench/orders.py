"""Orders a minute through a hosted and a self-hosted connector, and from Apply to verified.

Everything is a process of its own: two simulators, an embedded PostgreSQL, a worker with four jobs
at once, a controller with TLS, and `rolecall-notion` in service mode. An order adds somebody to a
group; plans are made and applied by the use cases, as pages and the API do it. Beside each way a
plain client asks its simulator for the same by bare HTTP, one request after the other: look at the
group, change it, look again. `--paced` is the pace that we have with Notion, whose limit is not
published: the simulator then counts requests, and connectors begin at three a second.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from beside import CONNECTOR, FREE, Notion, one_shot, plain, program, simulator
from intake import database
from polling import controller, cpu_s

if TYPE_CHECKING:
    from rolecall.server.access.models import App
    from rolecall.server.audit.trail import Actor

__all__ = ["main"]

PAUSES_S = (0.3, 1.1, 2.3, 3.7, 4.6)
"""Before batches, so that they meet a poll that comes every five seconds at any of its moments."""
PATIENCE_S = 280
WORKER = """
import sys, django; django.setup()
from dataclasses import replace
from django.conf import settings
from rolecall.server.connectors.pace import pace
if sys.argv[1] == "free":
    settings.ROLECALL_PACE = replace(pace(), requests_per_second=0)
from rolecall.server.project.work import work
work(jobs_at_once=4)
"""


@dataclass(kw_only=True)
class Way:
    """One connector, and the processes that its orders keep busy."""

    name: str
    app: "App"
    notion: Notion
    pids: list[int]
    plain: float = 0.0
    """Memberships a minute of the plain client, in this run."""
    at: int = 0
    """Accounts that were given something already."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What batches of one size came to."""

    minutes: float = 0.0
    """From Apply to the last order that was verified, of all batches together."""
    waits: list[float] = field(default_factory=list)
    """Of each order, seconds from Apply until it was verified."""
    ours: float = 0.0
    database: float = 0.0
    """Seconds of CPU."""

    def __add__(self, more: "Found") -> "Found":
        return Found(
            minutes=self.minutes + more.minutes,
            waits=self.waits + more.waits,
            ours=self.ours + more.ours,
            database=self.database + more.database,
        )


def database_cpu_s(folder: Path) -> float:
    """Seconds of CPU of all of PostgreSQL, with its processes that have ended."""
    postmaster = next(folder.rglob("postmaster.pid")).read_text("ascii").split()[0]
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if stat.parent.name == postmaster:
            found += sum(map(int, fields[11:15]))
        elif fields[1] == postmaster:
            found += sum(map(int, fields[11:13]))
    return found / os.sysconf("SC_CLK_TCK")


def until(true: Any, what: str) -> None:  # noqa: ANN401 - anything that can be called
    """Wait for something to be so."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"{what} does not happen")
        time.sleep(0.1)


def batch(way: Way, actor: "Actor", count: int, folder: Path) -> Found:
    """Plan so many orders, apply them, and wait until each of them is verified."""
    from rolecall.server import clock  # noqa: PLC0415 - Django must be set up first
    from rolecall.server.orders import deciding  # noqa: PLC0415
    from rolecall.server.orders.models import Order  # noqa: PLC0415

    wishes = chosen(way, count)
    plan = deciding.plan(actor, way.app.public_id, wishes, title="Bench", now=clock.now())
    agreed = deciding.agreement(plan, now=clock.now())
    ours, theirs = sum(map(cpu_s, way.pids)), database_cpu_s(folder)
    begun = clock.now()
    deciding.apply(actor, plan.public_id, agreed=agreed, now=begun)
    waiting = plan.orders.filter(state=Order.State.ORDERED)
    until(lambda: not waiting.exists(), f"the end of {count} orders")
    wrong = plan.orders.exclude(state=Order.State.VERIFIED).values_list("state", "why")
    if wrong:
        raise SystemExit(f"{len(wrong)} of {count} are not verified: {wrong[0]}")
    ends = plan.orders.values_list("verified_at", flat=True)
    waits = [(end - begun).total_seconds() for end in ends]
    return Found(
        waits=waits,
        minutes=max(waits) / 60,
        ours=sum(map(cpu_s, way.pids)) - ours,
        database=database_cpu_s(folder) - theirs,
    )


def chosen(way: Way, count: int) -> list[Any]:
    """So many people who are to be in a group, each in one where they are not; groups in turn."""
    from rolecall.server.access.models import Account, Entitlement, Grant  # noqa: PLC0415
    from rolecall.server.orders.wishes import Wish  # noqa: PLC0415

    there = Account.objects.filter(app=way.app, present=True, role__isnull=False).order_by("id")
    people = list(there.values_list("pk", "public_id"))
    groups = Entitlement.objects.filter(app=way.app, kind="group", present=True).order_by("id")
    named = list(groups.values_list("pk", "public_id"))
    open_grants = Grant.objects.filter(entitlement__in=groups, until_at=None)
    held = set(open_grants.values_list("account_id", "entitlement_id"))
    wishes: list[Any] = []
    while len(wishes) < count:
        pk, account = people[way.at % len(people)]
        turn = (way.at + way.at // len(people)) % len(named)
        free = (one for key, one in named[turn:] + named[:turn] if (pk, key) not in held)
        if group := next(free, ""):
            wishes.append(Wish(operation="grant", account=account, entitlement=group))
        way.at += 1
    return wishes


def measured(
    way: Way, actor: "Actor", sizes: Iterable[tuple[int, int]], folder: Path
) -> Iterator[str]:  # fmt: skip
    """Rows of the table."""
    for count, times in sizes:
        found = Found()
        for turn in range(times):
            time.sleep(PAUSES_S[turn % len(PAUSES_S)] + turn / 50)
            found += batch(way, actor, count, folder)
        waits, orders = sorted(found.waits), len(found.waits)
        rate = orders / found.minutes
        yield (
            f"| {way.name} | {times} of {count} | {rate:,.0f} | {rate / way.plain:.4f}"
            f" | {waits[orders // 2]:.2f} s | {waits[min(int(orders * 0.95), orders - 1)]:.2f} s"
            f" | {1000 * found.ours / orders:.0f} ms | {1000 * found.database / orders:.0f} ms |"
        )


def hosted(actor: "Actor", notion: Notion, worker: int) -> Way:
    """A connector of the worker's, that has synced."""
    from rolecall.server import clock  # noqa: PLC0415
    from rolecall.server.connectors.services import credential  # noqa: PLC0415
    from rolecall.server.connectors.services.add import NewApp, add  # noqa: PLC0415
    from rolecall.server.connectors.services.edit import set_addresses  # noqa: PLC0415

    made = add(
        actor, name="Hosted", target=NewApp(name="Hosted"), owners=[actor.id], now=clock.now()
    )
    rest = notion.url.replace("/scim/v2", "/v1")
    set_addresses(actor, made.public_id, scim_url=notion.url, rest_url=rest, now=clock.now())
    tokens = {"scim_token": notion.token}
    credential.give(actor, made.public_id, tokens, made_by="", save=True, now=clock.now())
    synced(made)
    return Way(name="hosted", app=made.app, notion=notion, pids=[worker])


def prepared(actor: "Actor", port: int, root: Path, folder: Path) -> tuple[Any, dict[str, str]]:
    """A connector that is to call, and what it needs for that."""
    from rolecall.server import clock  # noqa: PLC0415
    from rolecall.server.connectors.services.add import NewApp, add  # noqa: PLC0415
    from rolecall.server.connectors.services.clients import rotate  # noqa: PLC0415

    made = add(
        actor, name="Own", target=NewApp(name="Own"), owners=[actor.id], now=clock.now(),
        kind="baton",
    )  # fmt: skip
    issued = rotate(actor, made.public_id, overlap=timedelta(), now=clock.now())
    return made, {
        "BATON_CLIENT_ID": issued.client_id,
        "BATON_CLIENT_SECRET": issued.client_secret,
        "BATON_C1_API_HOST": f"localhost:{port}",
        "SSL_CERT_FILE": str(root),
        "BATON_HOST_ID": "bench",
        "BATON_STATE_DIR": str(folder / "state"),
        "BATON_YES_REALLY": "100000",
    }


def synced(connector: Any) -> None:  # noqa: ANN401 - a model, before Django is set up
    """Wait until it was read once."""
    rows = type(connector).objects.filter(pk=connector.pk, last_success_at__isnull=False)
    until(rows.exists, f"a sync of {connector}")


def administrator() -> "Actor":
    """Who decides."""
    from rolecall.server import clock  # noqa: PLC0415
    from rolecall.server.audit.trail import Actor  # noqa: PLC0415
    from rolecall.server.people.models import RoleAssignment, User  # noqa: PLC0415

    now = clock.now()
    user = User.objects.create_user("bench@larkspur.example", name="Bench", created_at=now)
    role = RoleAssignment.Role.SUPER
    RoleAssignment.objects.create(user=user, role=role, scope="", from_at=now, granted_by="bench")
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


def bench(folder: Path, stack: ExitStack, *, limit: int) -> tuple["Actor", list[Way]]:
    """Everything runs, both workspaces were read once."""
    words = ("--requests-per-minute", limit) if limit else ()
    one = stack.enter_context(simulator(folder / "one.log", *words))
    other = stack.enter_context(simulator(folder / "other.log", "--seed", 2, *words))
    environ = stack.enter_context(database(folder))
    environ["ROLECALL_NOTION_ALLOWED_HOSTS"] = urlsplit(one.url).netloc
    os.environ.update(environ, DATABASE_URL=environ["BENCH_OWNER"])
    import django  # noqa: PLC0415 - needs its settings first

    django.setup()
    place = stack.enter_context(controller(folder, environ))
    how = [sys.executable, "-c", WORKER, "paced" if limit else "free"]
    worker = stack.enter_context(program(how, environ, folder / "worker.log"))
    actor = administrator()
    first = hosted(actor, one, worker)
    row, own = prepared(actor, place[1], folder / "tls" / "ca.pem", folder)
    own |= other.environ | ({} if limit else FREE)
    caller = stack.enter_context(
        program([CONNECTOR, "-p"], os.environ | own, folder / "connector.log")
    )
    synced(row)
    second = Way(name="self-hosted", app=row.app, notion=other, pids=[place[0], caller])
    return actor, [first, second]


def said(rate: float, cpu: float) -> str:
    """How fast something is, and what it costs."""
    return f"{rate:,.0f} a minute, {1000 * cpu:.1f} ms of CPU each."


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1x20,100x2,1000x1", help="orders x batches")
    parser.add_argument("--paced", type=int, default=0, metavar="N", help="requests a minute")
    parser.add_argument("--keep", type=Path, help="a folder for what the processes say")
    given = parser.parse_args()
    parts = (one.partition("x") for one in given.sizes.split(","))
    sizes = [(int(count), int(times)) for count, _, times in parts]
    with ExitStack() as stack:
        scratch = stack.enter_context(TemporaryDirectory(prefix="rolecall-bench-"))
        folder = given.keep or Path(scratch)
        folder.chmod(0o711)
        actor, ways = bench(folder, stack, limit=given.paced)
        for way in ways:
            way.plain, cpu = plain(way.notion)
            print(
                f"At the workspace that is {way.name}: a plain client {said(way.plain, cpu)}",
                flush=True,
            )
        one = one_shot(ways[0].notion, folder, {} if given.paced else FREE)
        print(f"`rolecall-notion group add` {said(*one)}")
        print(
            "\n| connector | batches of orders | orders a minute | of the plain client's"
            " | Apply to verified p50 | p95 | CPU an order, ours | PostgreSQL's |"
            "\n|---|---|---|---|---|---|---|---|"
        )
        for line in chain.from_iterable(measured(way, actor, sizes, folder) for way in ways):
            print(line, flush=True)
        print(f"\nLoad {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
