"""Whoever asks for tokens all the time is told to wait, and nobody else is."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from rolecall.server.connectors.controller import throttle
from rolecall.server.connectors.controller.front import Front
from rolecall.server.connectors.controller.throttle import ADDRESS, CLIENT, Throttle

HOME = "192.0.2.7"


def asked(
    many: int, made: Throttle, address: str = HOME, *, who: str = "one", at: float = 0
) -> int:
    """How many of so many questions at one moment need not wait."""
    return sum(made.wait_s(address, who, at) == 0 for _ in range(many))


def test_two_hundred_connectors_that_start_at_once_meet_no_limit():
    """Behind one address, each with a few tries, and then again each minute for a day."""
    made = Throttle()
    for minute in range(24 * 60):
        for number in range(200):
            assert asked(4, made, who=f"connector {number}", at=60.0 * minute) == 4


def test_one_client_is_held_back_and_not_its_neighbour():
    """After its burst it gets one each second; another one at the same address, all."""
    made = Throttle()
    assert asked(100, made) == CLIENT.at_once
    assert 0 < made.wait_s(HOME, "one", 0) <= CLIENT.each_s
    assert asked(5, made, who="another") == 5
    assert asked(5, made, at=1.0) == 1
    assert asked(100, made, at=1000.0) == CLIENT.at_once


def test_who_repeats_a_client_id_elsewhere_uses_up_nothing_of_its_owners():
    """The owner goes on; so do all at other addresses, when one floods us with made-up names."""
    made = Throttle()
    flood = sum(made.wait_s("198.51.100.1", f"made up {n}", 0) == 0 for n in range(3000))
    assert flood == ADDRESS.at_once
    assert asked(100, made, "198.51.100.2") == CLIENT.at_once
    assert asked(5, made, HOME) == 5


def test_one_network_of_ipv6_is_one_address():
    """Whoever has a /64 has 2**64 addresses."""
    made = Throttle()
    flood = sum(made.wait_s(f"2001:db8::{n:x}", f"{n}", 0) == 0 for n in range(3000))
    assert flood == ADDRESS.at_once
    assert asked(5, made, "2001:db8:0:1::1") == 5


def test_a_clock_that_is_set_back_locks_nobody_out():
    """No longer than a whole burst takes."""
    made = Throttle()
    assert asked(100, made, at=1e9) == CLIENT.at_once
    assert made.wait_s(HOME, "one", 0.0) <= CLIENT.each_s
    assert asked(1, made, at=float(CLIENT.at_once)) == 1


def test_memory_is_bounded(monkeypatch):
    """However many names somebody makes up, at however many addresses."""
    monkeypatch.setattr(throttle, "_MOST_KNOWN", 100)
    made = Throttle()
    for n in range(1000):
        made.wait_s(f"10.0.{n // 250}.{n % 250}", f"{n}", 0)
        assert len(made._free_at) <= 102


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Where questions are answered."""
    with ThreadPoolExecutor(1) as made:
        yield made


async def post(port: int, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a form that asks for no token, over plain HTTP."""
    body = urlencode({"client_id": "one@localhost/x", "grant_type": "password"})
    told = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    writer.write("\r\n".join([*lines, "", body]).encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    first, *rest = answer.partition("\r\n\r\n")[0].split("\r\n")
    return int(first.split()[1]), {
        name.lower(): value for name, _, value in (line.partition(": ") for line in rest)
    }


@pytest.mark.django_db
def test_the_endpoint_says_when_to_ask_again(pool):
    """429 with Retry-After, for the one the proxy names; `/live` is always answered."""
    moment = [datetime(2026, 11, 21, tzinfo=UTC)]

    async def talk() -> None:
        front = Front(None, lambda: moment[0], pool)
        port = await front.start("127.0.0.1", 0, None)
        try:
            for _ in range(CLIENT.at_once):
                assert (await post(port, "/auth/v1/token"))[0] == 400
            status, headers = await post(port, "/auth/v1/token")
            assert (status, headers["retry-after"]) == (429, "1")
            assert (await post(port, "/live"))[0] == 200
            through = {"X-Forwarded-For": "203.0.113.9, 203.0.113.5"}
            assert (await post(port, "/auth/v1/token", **through))[0] == 400
            moment[0] += timedelta(seconds=1)
            assert (await post(port, "/auth/v1/token"))[0] == 400
            assert (await post(port, "/auth/v1/token"))[0] == 429
        finally:
            await front.stop()

    asyncio.run(talk())
