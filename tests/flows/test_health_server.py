"""The health port: right answers, small promises kept to everybody, and nobody can hold it up."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from running import Command
from serving import free_port

from rolecall.connector import health, log
from rolecall.connector.health import Vitals, health_of, health_server
from rolecall.connector.metrics import CONTENT_TYPE, Metrics
from rolecall.errors import BadConfig, BadToken, Error

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Question:
    """Asks nobody; answers as told."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.takes = 0.0

    async def __call__(self) -> None:
        """Answer."""
        self.asked += 1
        await asyncio.sleep(self.takes)
        if self.error:
            raise self.error


class Scene:
    """A server on a free port, and ways to talk to it."""

    def __init__(self) -> None:
        self.question = Question()
        self.vitals = Vitals(
            now=lambda: NOON, metrics=Metrics(now=lambda: NOON), question=self.question
        )
        self.port = 0

    def play(self, script: Callable[[], Awaitable[None]]) -> None:
        """Run a test's coroutine while the server runs."""

        async def run() -> None:
            async with health_server("127.0.0.1", 0, self.vitals) as self.port:
                await script()

        asyncio.run(run())

    async def raw(self, sent: bytes) -> bytes:
        """Send bytes, read until they hang up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def get(self, path: str, method: str = "GET") -> tuple[int, bytes, bytes]:
        """Status, head and body of a page."""
        answer = await self.raw(f"{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.lower(), body

    async def json(self, path: str) -> tuple[int, dict[str, Any]]:
        """The same, read."""
        status, _, body = await self.get(path)
        return status, json.loads(body)


@pytest.fixture
def scene() -> Scene:
    """A server to be."""
    return Scene()


def test_alive(scene: Scene):
    """/live is 200 with the Go runner's fields, whatever else is wrong."""

    async def script() -> None:
        scene.question.error = BadToken("no")
        scene.vitals.stopping = True

        assert await scene.json("/live") == (
            200,
            {"status": "alive", "timestamp": "2026-03-01T12:00:00Z", "details": {}},
        )

    scene.play(script)


def test_ready(scene: Scene):
    """/ready is 503 before the first success, 200 after, and 503 again while we stop."""

    async def script() -> None:
        seen = [await scene.json("/ready")]
        scene.vitals.ready = True
        seen.append(await scene.json("/ready?verbose=1"))
        scene.vitals.stopping = True
        seen.append(await scene.json("/ready"))

        assert [(status, said["status"]) for status, said in seen] == [
            (503, "not_ready"),
            (200, "ready"),
            (503, "not_ready"),
        ]

    scene.play(script)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, None),
        (BadToken("The token made-up-secret-token is unknown."), "[secret] is unknown"),
        (ValueError("made-up-secret-token"), "A defect in the connector (ValueError)."),
    ],
)
def test_health(scene: Scene, error: Error | None, says: str | None):
    """/health asks, and tells the reason of a failure without secrets."""
    log.hide("made-up-secret-token")
    scene.question.error = error

    async def script() -> None:
        status, said = await scene.json("/health")

        assert (status, said["status"]) == ((503, "unhealthy") if says else (200, "healthy"))
        assert says is None or says in said["details"]["error"]
        assert "made-up" not in str(said)

    scene.play(script)


def test_a_slow_notion(scene: Scene):
    """Who waits for Notion gets an answer in the end, and nobody else waits with them."""
    scene.question.takes = 60

    async def script() -> None:
        waiting = asyncio.ensure_future(scene.json("/health"))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        status, _ = await scene.json("/live")
        took = time.monotonic() - begun
        waiting.cancel()

        assert status == 200
        assert took < 1

    scene.play(script)


def test_a_notion_that_never_answers(scene: Scene):
    """/health gives up after its limit, and says so."""
    scene.question.takes, scene.vitals.limit_s = 60, 0.1

    async def script() -> None:
        status, said = await scene.json("/health")

        assert status == 503
        assert said["details"]["error"] == "Notion did not answer within 0.1 seconds."

    scene.play(script)


def test_many_who_ask_are_one_question(scene: Scene):
    """A crowd at /health makes one request to Notion, and so does a crowd right after it."""
    scene.question.takes = 0.2

    async def script() -> None:
        for _ in range(2):
            found = await asyncio.gather(*(scene.json("/health") for _ in range(20)))
            assert {status for status, _ in found} == {200}

        assert scene.question.asked == 1

    scene.play(script)


def test_metrics(scene: Scene):
    """/metrics is what Prometheus reads, under its content type."""
    scene.vitals.metrics.sync_ended(BadToken("no"), 1)

    async def script() -> None:
        status, head, body = await scene.get("/metrics")

        assert status == 200
        assert CONTENT_TYPE.encode() in head
        assert b'rolecall_syncs_total{result="unauthenticated",workspace=""} 1.0' in body

    scene.play(script)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/metrics/../live", "GET", 404),
        ("/live/", "GET", 404),
        ("http://x/live", "GET", 404),
        ("/live", "POST", 405),
        ("/live", "DELETE", 405),
        ("/live", "TRACE", 405),
    ],
)
def test_nothing_else_is_served(scene: Scene, path: str, method: str, status: int):
    """Four pages by GET and HEAD; everything else is refused and the connection ended."""

    async def script() -> None:
        found, head, _ = await scene.get(path, method)

        assert found == status
        assert b"connection: close" in head

    scene.play(script)


def test_head(scene: Scene):
    """HEAD has the length of the page, and no page."""

    async def script() -> None:
        _, _, body = await scene.get("/live")
        status, head, nothing = await scene.get("/live", "HEAD")

        assert status == 200
        assert f"content-length: {len(body)}".encode() in head
        assert nothing == b""

    scene.play(script)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /live HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /live HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET /live HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ],
    ids=["long", "no host", "TLS", "nonsense", "two lengths"],
)
def test_what_is_no_request(scene: Scene, sent: bytes):
    """It is refused with a 4xx, and the next one is served."""

    async def script() -> None:
        answer = await scene.raw(sent)

        assert answer.startswith(b"HTTP/1.1 4")
        assert (await scene.get("/live"))[0] == 200

    scene.play(script)


@pytest.mark.slow
def test_slow_clients_hold_nobody_up(scene: Scene):
    """Connections that say nothing, or half of it, do not delay others, and end by themselves."""

    async def script() -> None:
        slow = [await asyncio.open_connection("127.0.0.1", scene.port) for _ in range(10)]
        for _, writer in slow[:5]:
            writer.write(b"GET /live HT")
        begun = time.monotonic()
        assert (await scene.get("/live"))[0] == 200
        assert time.monotonic() - begun < 1

        ended = await asyncio.wait_for(
            asyncio.gather(*(reader.read() for reader, _ in slow), return_exceptions=True),
            health.REQUEST_S + 5,
        )
        assert len(ended) == 10
        for _, writer in slow:
            writer.close()

    scene.play(script)


def test_a_crowd_of_silent_clients_is_bounded(scene: Scene):
    """More than the bound are hung up on at once, and place is free again when some leave."""

    async def script() -> None:
        crowd = [
            await asyncio.open_connection("127.0.0.1", scene.port)
            for _ in range(health.MAX_CLIENTS + 5)
        ]
        await asyncio.sleep(0.2)
        refused = [reader for reader, _ in crowd if reader.at_eof() or reader.exception()]
        for _, writer in crowd:
            writer.close()
        await asyncio.sleep(0.2)

        assert len(refused) == 5
        assert (await scene.get("/live"))[0] == 200

    scene.play(script)


def test_the_end_does_not_wait_for_clients(scene: Scene):
    """Leaving the server ends open connections and a question under way at once."""
    scene.question.takes = 60

    async def run() -> float:
        async with health_server("127.0.0.1", 0, scene.vitals) as scene.port:
            asking = asyncio.ensure_future(scene.raw(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"))
            silent = await asyncio.open_connection("127.0.0.1", scene.port)
            await asyncio.sleep(0.1)
            begun = time.monotonic()
        await asyncio.gather(asking, return_exceptions=True)
        silent[1].close()
        return time.monotonic() - begun

    assert asyncio.run(run()) < 2


def test_a_port_that_is_taken(scene: Scene):
    """The error names the flags."""

    async def script() -> None:
        with pytest.raises(BadConfig, match="--health-check-port"):
            async with health_server("127.0.0.1", scene.port, scene.vitals):
                pass

    scene.play(script)


def test_only_if_asked_for(scene: Scene):
    """Without the flag nobody listens."""

    async def run() -> None:
        port = free_port()
        values = {
            "health_check": False,
            "health_check_bind_address": "127.0.0.1",
            "health_check_port": port,
        }
        async with health_of(values, scene.vitals):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
        async with health_of({**values, "health_check": True}, scene.vitals):
            scene.port = port
            assert (await scene.get("/live"))[0] == 200

    asyncio.run(run())


def probe(command: Command, scene: Scene, endpoint: str, *words: str) -> tuple[int, str]:
    """Run `health-check` against a server that runs here."""
    found: list[tuple[int, str]] = []

    async def script() -> None:
        port = str(scene.port)
        ran = await asyncio.to_thread(
            command, "health-check", "--endpoint", endpoint, *words, BATON_HEALTH_CHECK_PORT=port
        )
        found.append((ran.status, ran.out + ran.err))

    scene.play(script)
    return found[0]


@pytest.mark.parametrize(
    ("endpoint", "status", "says"),
    [("live", 0, "alive"), ("ready", 1, "nothing is done yet"), ("health", 0, "healthy")],
)
def test_the_probe(scene: Scene, command: Command, *, endpoint: str, status: int, says: str):
    """`health-check` ends with 0 or 1, and prints what it was told."""
    ended, said = probe(command, scene, endpoint)

    assert ended == status
    assert says in said


def test_the_probe_gives_up(scene: Scene, command: Command):
    """A connector that does not answer in time, or is not there, is not well."""
    scene.question.takes = 60
    late = probe(command, scene, "health", "--timeout", "0.5")
    nobody = command("health-check", BATON_HEALTH_CHECK_PORT=str(free_port()))

    assert (late[0], nobody.status) == (1, 1)
    assert "No answer" in late[1]
    assert "No answer" in nobody.err


def test_the_probe_asks_where_everybody_is_heard(command: Command, scene: Scene):
    """An address that means every interface is asked at this machine itself."""
    ended, _ = probe(command, scene, "live")
    with_any = Command(
        folder=command.folder,
        environ={**command.environ, "BATON_HEALTH_CHECK_BIND_ADDRESS": "0.0.0.0"},  # noqa: S104
    )

    assert ended == probe(with_any, Scene(), "live")[0] == 0
