"""Self-hosted connectors that poll one controller: its CPU, and how long an answer takes.

An embedded PostgreSQL, one controller process with TLS, and connectors that ask for work as often
as they are told to: once over a connection that each keeps, as ours does, and once over a new TLS
connection for every call, as those in Go do. Nothing is queued, as most of the time.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
from intake import database

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

__all__ = ["main"]

CALL = "/c1.connectorapi.baton.v1.BatonService/GetTask"
SERVE = """
import sys, django; django.setup()
from rolecall.server import clock
from rolecall.server.connectors.controller.serving import Place, run
run(Place(bind=f"127.0.0.1:{sys.argv[1]}", certificate=sys.argv[2], key=sys.argv[3]), clock.now)
"""
TICKS = os.sysconf("SC_CLK_TCK")


def seed(count: int) -> None:
    """So many connectors, each with a token of which the text is printed."""
    import hashlib  # noqa: PLC0415 - Django must be set up first

    import django  # noqa: PLC0415

    django.setup()
    from rolecall.server.access.models import App  # noqa: PLC0415
    from rolecall.server.connectors.models import AccessToken, Client, Connector  # noqa: PLC0415

    now, tokens = datetime.now(UTC), []
    for number in range(count):
        app = App.objects.create(name=f"App {number}", created_at=now)
        connector = Connector.objects.create(
            app=app, kind="baton", name=f"Connector {number}", created_at=now, seen_at=now
        )
        client = Client.objects.create(
            connector=connector, client_id=f"bench@localhost/{number}", public_key={},
            made_at=now, made_by="bench",
        )  # fmt: skip
        tokens.append(os.urandom(16).hex())
        digest = hashlib.sha256(tokens[-1].encode()).digest()
        AccessToken.objects.create(client=client, digest=digest, until=now + timedelta(hours=1))
    print(json.dumps(tokens))


@contextmanager
def controller(folder: Path, environ: dict[str, str]) -> Iterator[tuple[int, int, bytes]]:
    """A running one: its process, its port, and whom to believe."""
    from rolecall.server.project.authority import prepare  # noqa: PLC0415 - not in the children

    found = prepare(folder / "tls", ["localhost"], None, datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words = [str(port), str(found.certificate), str(found.key)]
    process = subprocess.Popen([sys.executable, "-c", SERVE, *words], env=environ)
    try:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if process.poll() is not None:
                raise SystemExit("the controller has ended")
            time.sleep(0.1)
        yield process.pid, port, found.root.read_bytes()
    finally:
        process.terminate()
        process.wait(30)


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def poll(target: str, roots: bytes, tokens: list[str], *, keep: bool, until: float) -> list:
    """All connectors, each as often as it is told to; seconds of each answer."""
    took: list[float] = []
    loop = asyncio.get_running_loop()
    trust = grpc.ssl_channel_credentials(roots)

    def opened() -> grpc.aio.Channel:
        options = (("grpc.use_local_subchannel_pool", 1),)
        return grpc.aio.secure_channel(target, trust, options=options)

    async def ask(channel: grpc.aio.Channel, token: str) -> float:
        call = channel.unary_unary(
            CALL,
            request_serializer=api.BatonServiceGetTaskRequest.SerializeToString,
            response_deserializer=api.BatonServiceGetTaskResponse.FromString,
        )
        begun = loop.time()
        headers = (("authorization", f"Bearer {token}"),)
        answer = await call(
            api.BatonServiceGetTaskRequest(host_id="bench"), metadata=headers, timeout=60
        )
        took.append(loop.time() - begun)
        return float(answer.next_poll.seconds)

    async def connector(token: str) -> None:
        await asyncio.sleep(random.uniform(0, 5))
        kept = opened() if keep else None
        while loop.time() < until:
            if kept is not None:
                pause = await ask(kept, token)
            else:
                async with opened() as once:
                    pause = await ask(once, token)
            await asyncio.sleep(pause)
        if kept is not None:
            await kept.close()

    await asyncio.gather(*map(connector, tokens))
    return took


def measured(
    place: tuple[int, int, bytes], tokens: list[str], *, keep: bool, seconds: float
) -> str:
    """One row of the table."""
    pid, port, roots = place
    begun, before = time.monotonic(), cpu_s(pid)

    async def main() -> list:
        until = asyncio.get_running_loop().time() + seconds
        return await poll(f"localhost:{port}", roots, tokens, keep=keep, until=until)

    took = sorted(asyncio.run(main()))
    wall, used = time.monotonic() - begun, cpu_s(pid) - before
    p50, p95 = took[len(took) // 2] * 1000, took[int(len(took) * 0.95)] * 1000
    how = "kept" if keep else "new for each call"
    share, each = 100 * used / wall, 1000 * used / len(took)
    return (
        f"| {how} | {len(took)} | {len(took) / wall:.1f} | {share:.1f} % | {each:.2f} ms "
        f"| {p50:.1f} ms | {p95:.1f} ms |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connectors", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--step", default="")
    given = parser.parse_args()
    if given.step:
        seed(given.connectors)
        return
    with TemporaryDirectory(prefix="rolecall-bench-") as name:
        bench(Path(name), given.connectors, given.seconds)


def bench(folder: Path, connectors: int, seconds: float) -> None:
    """Everything, in this folder."""
    folder.chmod(0o711)
    with database(folder) as environ:
        words = [sys.executable, __file__, "--step", "seed", f"--connectors={connectors}"]
        done = subprocess.run(words, env=environ, check=True, stdout=subprocess.PIPE)
        tokens = json.loads(done.stdout)
        with controller(folder, environ) as place:
            print("| connection | calls | a second | CPU share | CPU a call | p50 | p95 |")
            print("|---|---|---|---|---|---|---|")
            for keep in (True, False):
                print(measured(place, tokens, keep=keep, seconds=seconds), flush=True)


if __name__ == "__main__":
    main()
