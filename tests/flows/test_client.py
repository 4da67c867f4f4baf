"""`notion.client` on a real socket: patience, pace, bounds, redirects, proxies, certificates."""

import asyncio
import gc
import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from raw_server import Asked, answer, serving, tls_of

from notion_sim import Options, Simulator
from rolecall.errors import (
    BadConfig,
    BadToken,
    Error,
    NotionBroken,
    RateLimited,
    Retry,
    Unfinished,
    Unreachable,
    WrongPlan,
)
from rolecall.notion import client
from rolecall.notion.client import MAX_BODY, Client, Connection, Counters, Patience
from rolecall.notion.pacing import PaceLimits
from rolecall.notion.scim import users_page

QUICK = Patience(attempts=3, total_s=20, first_wait_s=0.01, longest_wait_s=0.05)
UNLIMITED = PaceLimits(start=0, ceiling=0)
LIST = b'{"totalResults": 0, "Resources": []}'
TOKEN = "secret-token-of-these-tests"  # noqa: S105 - opens nothing


def connection(url: str, **more: Any) -> Connection:
    """A way to a test server that loses no time."""
    given = {"token": TOKEN, "patience": QUICK, "pace": UNLIMITED, **more}
    return Connection(base_url=url, **given)


def total(body: bytes | bytearray) -> int:
    """What the page counts."""
    return users_page(body, start=1).total


def ask(url: str, *, times: int = 1, **more: Any) -> tuple[list[int], Counters, float]:
    """What a client finds there, what it cost, and how many seconds it took."""

    async def story() -> tuple[list[int], Counters]:
        async with Client(
            connection(url, **more), clock=lambda: datetime.now(UTC), user_agent="t"
        ) as client:
            asked = (client.get("/Users", total, asked_for="the members") for _ in range(times))
            return list(await asyncio.gather(*asked)), client.counters

    begun = time.monotonic()
    found, counters = asyncio.run(story())
    return found, counters, time.monotonic() - begun


def first_then(first: bytes, then: bytes = LIST) -> Callable[[Asked], bytes]:
    """One answer for the first request and another for all later ones."""
    return lambda asked: first if asked.number == 1 else answer(then)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "500"},
        {"fault": "502_html"},
        {"fault": "503"},
        {"fault": "529"},
        {"fault": "429", "retry_after": "none"},
        {"fault": "reset_before"},
        {"fault": "reset_after"},
        {"fault": "truncated_json"},
        {"fault": "cut_body"},
    ],
    ids=lambda fault: fault["fault"],
)
def test_what_passes_is_tried_again(fault: dict[str, Any]):
    """Each passing fault costs one more request and nothing else."""
    with Simulator(Options(users=3, groups=0, seed=5)) as sim:
        sim.set_faults([fault])

        found, counters, _ = ask(sim.scim_url, token=sim.scim_token)

        assert list(sim.fired().values()) == [1]
    assert found == [3]
    assert (counters.requests, counters.retries) == (2, 1)


def test_a_wrong_content_type_is_no_fault():
    """Notion's JSON under another name is read at once (Notion: N-025)."""
    with Simulator(Options(users=3, groups=0, seed=5)) as sim:
        sim.set_faults([{"fault": "wrong_content_type", "times": 0}])

        found, counters, _ = ask(sim.scim_url, token=sim.scim_token)

    assert (found, counters.requests) == ([3], 1)


@pytest.mark.parametrize(
    ("status", "kind"), [("401 No", BadToken), ("403 No", WrongPlan), ("302 Found", BadConfig)]
)
def test_a_refusal_is_not_repeated(status: str, kind: type[Error]):
    """What will be the same when repeated is asked once."""
    with serving(lambda _: answer(b"{}", status=status)) as server:
        with pytest.raises(kind):
            ask(server.url)

        assert len(server.asked) == 1


def test_attempts_are_capped():
    """After the last attempt the last error is told."""
    with serving(lambda _: answer(b"{}", status="500 Broken")) as server:
        with pytest.raises(NotionBroken):
            ask(server.url)

        assert len(server.asked) == QUICK.attempts


def test_time_is_capped():
    """However many attempts are allowed, they end when the time is over."""
    patience = Patience(attempts=10_000, total_s=0.5, first_wait_s=0.05, longest_wait_s=0.1)
    with serving(lambda _: answer(b"{}", status="500 Broken")) as server:
        begun = time.monotonic()
        with pytest.raises(NotionBroken):
            ask(server.url, patience=patience)

    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(form: str):
    """Notion's own time to wait is kept, as a number and as a date."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    value = "1" if form == "seconds" else date
    first = answer(b"{}", status="429 Slow", retry_after=value)
    with serving(first_then(first)) as server:
        found, counters, seconds = ask(server.url)

    assert found == [0]
    assert counters.complaints == 1
    assert 0.9 <= seconds < 8


def test_a_wait_longer_than_our_patience_ends_at_once():
    """Told to come back tomorrow, we say so now instead of holding the night."""
    patience = Patience(attempts=5, total_s=2, first_wait_s=0.01, longest_wait_s=0.05)
    with serving(lambda _: answer(b"{}", status="429 Slow", retry_after="86400")) as server:
        with pytest.raises(RateLimited):
            asyncio.run(asyncio.wait_for(_one(server.url, patience), 10))

        assert len(server.asked) == 1


async def _one(url: str, patience: Patience) -> int:
    async with Client(
        connection(url, patience=patience), clock=lambda: datetime.now(UTC), user_agent="t"
    ) as client:
        return await client.get("/Users", total, asked_for="the members")


async def complained(client: Client) -> None:
    """Return when Notion has complained for the first time."""
    while not client.counters.complaints:  # noqa: ASYNC110 - a counter is all there is to see
        await asyncio.sleep(0.01)


def test_one_429_slows_all_workers():
    """While Notion's wait lasts, no worker asks for anything."""
    first = answer(b"{}", status="429 Slow", retry_after="1")
    times: list[float] = []

    def respond(asked: Asked) -> bytes:
        times.append(time.monotonic())
        return first if asked.number == 1 else answer(LIST)

    async def story(url: str) -> None:
        async with Client(
            connection(url), clock=lambda: datetime.now(UTC), user_agent="t"
        ) as client:
            begun = asyncio.create_task(client.get("/Users", total, asked_for="x"))
            await asyncio.wait_for(complained(client), 10)
            await asyncio.gather(
                begun, *(client.get("/Users", total, asked_for="x") for _ in range(5))
            )

    with serving(respond) as server:
        asyncio.run(story(server.url))

    assert len(times) == 7
    assert min(times[1:]) - times[0] >= 0.95


def test_a_redirect_is_told_and_never_followed():
    """The token goes to no address but the configured one, not even on the same machine."""
    with serving(lambda _: answer(LIST)) as other:
        moved = answer(b"", status="302 Found", location=f"{other.url}/Users")
        with serving(lambda _: moved) as server, pytest.raises(BadConfig) as caught:
            ask(server.url)

        assert other.asked == []
    assert "--base-url" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_body_without_end_is_cut_off():
    """An answer that unpacks to more than the bound is no answer, and is not asked for again."""
    bomb = gzip.compress(bytes(MAX_BODY + 2**20), compresslevel=9)
    with serving(lambda _: answer(bomb, content_encoding="gzip")) as server:
        with pytest.raises(Unfinished, match="128 MiB"):
            ask(server.url)

        assert len(server.asked) == 1


def test_damaged_packing_is_a_passing_fault():
    """A body that cannot be unpacked is tried again, then told."""
    with (
        serving(lambda _: answer(b"no gzip", content_encoding="gzip")) as server,
        pytest.raises(NotionBroken, match="unpacked"),
    ):
        ask(server.url)


def test_packings_that_can_explode_are_not_asked_for():
    """We ask for gzip at most: one piece of zstd could become gigabytes before we count it."""
    with serving(lambda _: answer(LIST)) as server:
        ask(server.url)

        accepted = server.asked[0].headers["accept-encoding"]
    assert "zstd" not in accepted
    assert "br" not in accepted.replace(" ", "").split(",")


def test_what_is_sent():
    """Each request carries the token, our name, and what we understand."""
    with serving(lambda _: answer(LIST)) as server:
        ask(server.url, headers={"Notion-Version": "2022-06-28"})

        (asked,) = server.asked
    assert asked.line == "GET /Users HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["user-agent"] == "t"
    assert asked.headers["notion-version"] == "2022-06-28"
    assert "application/scim+json" in asked.headers["accept"]


def test_nobody_at_the_address():
    """A refused connection is retried, then told with what to check."""
    with serving(lambda _: b"") as server:
        url = server.url
    with pytest.raises(Unreachable, match="--base-url"):
        ask(url)


def test_no_answer_in_time():
    """A server that accepts and says nothing is given up."""

    def sleep(_: Asked) -> bytes:
        time.sleep(2)
        return answer(LIST)

    patience = Patience(attempts=1, total_s=5)
    with serving(sleep) as server, pytest.raises(Unreachable, match="in time"):
        ask(server.url, timeout_s=0.3, patience=patience)


@pytest.mark.parametrize("url", ["ftp://notion.example/x", "notion.example", "http://[::1", ""])
def test_an_address_that_is_none(url: str):
    """An unusable address is the person's to mend, and is not tried again and again."""
    with pytest.raises(BadConfig):
        ask(url)


def test_the_token_is_in_no_repr():
    """Whoever prints a connection, in a traceback or a log, shows no token."""
    assert TOKEN not in repr(connection("http://x.example"))


PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from rolecall.errors import Error
from rolecall.notion.client import Client, Connection, Patience

async def main():
    way = Connection(base_url=sys.argv[1], token="t" * 20, patience=Patience(attempts=1))
    async with Client(way, clock=lambda: datetime.now(UTC), user_agent="t") as client:
        return await client.get("/Users", bytes, asked_for="x")

try:
    print(asyncio.run(main()).decode())
except Error as error:
    print(type(error).__name__, error)
"""


def in_a_process(url: str, **environ: str) -> str:
    """What a client says that starts with these variables."""
    kept = {"PATH": os.environ["PATH"], **environ}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url],
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_used(name: str):
    """A request to Notion goes to the proxy, in the proxy's form."""
    with serving(lambda _: answer(b'{"via": "proxy"}')) as proxy:
        said = in_a_process("http://notion.example/scim/v2", **{name: proxy.url})

        assert said == '{"via": "proxy"}'
        assert proxy.asked[0].line == "GET http://notion.example/scim/v2/Users HTTP/1.1"


def test_no_proxy_is_an_exception():
    """Addresses in NO_PROXY are asked directly."""
    with serving(lambda _: answer(b'{"via": "direct"}')) as server:
        said = in_a_process(server.url, http_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1")

    assert said == '{"via": "direct"}'


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://x", "http://[::1"])
def test_an_unusable_proxy_is_told(proxy: str):
    """A proxy that we cannot use is an error with a name, never a traceback."""
    assert in_a_process("http://notion.example/scim/v2", ALL_PROXY=proxy).startswith("BadConfig")


def test_a_proxys_password_is_not_repeated():
    """When the proxy refuses us, the message holds its address at most."""
    refused = answer(b"<html>", status="407 Proxy Authentication Required")
    with serving(lambda _: refused) as proxy:
        with_password = proxy.url.replace("//", "//me:hunter2secret@")
        said = in_a_process("https://notion.example/scim/v2", https_proxy=with_password)

    assert "hunter2secret" not in said
    assert said.startswith("Unreachable")


def test_a_ca_file_is_trusted(authority: Path):
    """With the company's CA given, its certificates are good."""
    with serving(lambda _: answer(LIST), tls=tls_of(authority)) as server:
        found, _, _ = ask(server.url, ca_file=authority / "ca.pem")

    assert found == [0]


def test_what_the_system_trusts_is_read_once_and_nobodys_ca_file_is_added_to_it(authority: Path):
    """A worker opens a client for each change, and one company's authority is not another's."""
    usual = client._trust(None)
    own = client._trust(authority / "ca.pem")

    assert client._trust(None) is usual
    assert own is not usual
    with serving(lambda _: answer(LIST), tls=tls_of(authority)) as server:
        with pytest.raises(BadConfig):
            ask(server.url)
        assert ask(server.url, ca_file=authority / "ca.pem")[0] == [0]


def test_an_unknown_certificate_is_refused_with_the_way_out(authority: Path):
    """Without the CA nothing is sent, once is enough, and --ca-file is named."""
    with serving(lambda _: answer(LIST), tls=tls_of(authority)) as server:
        with pytest.raises(BadConfig, match="--ca-file"):
            ask(server.url)

        assert server.asked == []


@pytest.mark.parametrize("content", [None, "no certificate", ""])
def test_an_unusable_ca_file_is_told(content: str | None, tmp_path: Path):
    """A CA file that is missing or holds none is named."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(BadConfig, match=r"ca\.pem"):
        ask("https://127.0.0.1:9", ca_file=file)


def test_an_answer_packed_with_zstd_is_still_bounded():
    """A server that packs unasked cannot fill our memory either."""
    bomb = zstandard.ZstdCompressor(level=1).compress(bytes(MAX_BODY + 2**20))
    with (
        serving(lambda _: answer(bomb, content_encoding="zstd")) as server,
        pytest.raises((Retry, Unfinished)),
    ):
        ask(server.url)


def test_a_cancellation_at_the_end_leaves_no_connection_open():
    """Whoever is cancelled while the connections are being closed still closes all of them."""

    async def interrupted(url: str) -> None:
        async with Client(
            connection(url, token=sim.scim_token), clock=lambda: datetime.now(UTC), user_agent="t"
        ) as client:
            asked = (client.get("/Users", total, asked_for="the members") for _ in range(3))
            await asyncio.gather(*asked)
            if (task := asyncio.current_task()) is not None:
                task.cancel()

    async def story(url: str) -> int:
        with pytest.raises(asyncio.CancelledError):
            await interrupted(url)
        return open_sockets()

    with Simulator() as sim:
        assert asyncio.run(story(sim.scim_url)) == 0


def open_sockets() -> int:
    """How many connections of this thread's event loop are open."""
    loop = asyncio.get_running_loop()
    return sum(
        issubclass(type(one), asyncio.Transport)  # whatever else lives here: it is only looked at
        and one._loop is loop
        and not one.is_closing()
        for one in gc.get_objects()
    )
