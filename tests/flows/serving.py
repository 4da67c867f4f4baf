"""`serve` in a process of its own, and what to wait for."""

import http.client
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from receiving import until
from running import Command


@dataclass(kw_only=True)
class Serving:
    """A running service, and every line of its log so far."""

    process: subprocess.Popen[str]
    port: int
    raw: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log."""
        return [json.loads(line) for line in list(self.raw) if line.startswith("{")]

    def said(self, message: str) -> list[dict[str, Any]]:
        """The lines whose message begins so."""
        return [line for line in self.lines if str(line["msg"]).startswith(message)]

    def until_said(self, message: str, *, times: int = 1, seconds: float = 30.0) -> None:
        """Wait for a message."""
        until(lambda: len(self.said(message)) >= times, seconds=seconds)

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        """Ask the health port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def json(self, path: str) -> tuple[int, dict[str, Any]]:
        """The same for a page that is JSON."""
        status, body = self.get(path)
        return status, json.loads(body)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(20)


def free_port() -> int:
    """A port that nobody uses at present."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def serving(command: Command, *words: str, every: str = "1h", **environ: str) -> Iterator[Serving]:
    """Start `serve` with health checks on a free port; it is ended at the latest here."""
    port = free_port()
    process = command.start(
        *("--health-check", "--health-check-port", str(port)),
        *("serve", "--every", every, *words),
        **environ,
    )
    service = Serving(process=process, port=port)
    stream = process.stderr
    assert stream is not None
    reading = threading.Thread(target=lambda: service.raw.extend(stream), daemon=True)
    reading.start()
    try:
        yield service
    finally:
        process.kill()
        process.wait()
        reading.join(5)
