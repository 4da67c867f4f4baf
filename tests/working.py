"""A connector's worker over the real channel, in a thread of its own, with handlers of a test.

Use it as a context manager beside a `Controller` of `controller.service`.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from controller.service import Controller as Other
from rolecall.baton.proto._generated.c1.connector.v2.connector_pb2 import ConnectorMetadata
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.channel import Controller
from rolecall.baton.service.credentials import read_credentials
from rolecall.baton.service.token import Tokens
from rolecall.baton.service.worker import Finished, Limits, Worker

__all__ = ["QUICK", "Working", "at_once", "channel_to"]

QUICK = Limits(
    least_poll=0.02,
    least_gap=0.005,
    least_heartbeat=0.03,
    failures=4,
    first_pause=0.01,
    longest_pause=0.1,
    finish_for=3.0,
    last_poll=0.3,
    grace=2.0,
)
"""Hours become seconds."""


async def at_once(_task: api.Task) -> Finished:
    """A handler that has nothing to do."""
    return Finished()


def channel_to(
    other: Other,
    *,
    host_id: str = "here",
    ahead_s: float = 0.0,
    roots: Path | None = None,
    log: Callable[..., None] | None = None,
) -> Controller:
    """A channel as service mode opens it; `ahead_s` sets our clock forward. Needs a loop."""
    credentials = read_credentials(other.client_id, other.client_secret, api_host=other.address)
    roots = roots or other.ca_file
    tokens = Tokens(
        lambda: credentials,
        trust=ssl.create_default_context(cafile=str(roots)),
        now=lambda: datetime.now(UTC) + timedelta(seconds=ahead_s),
        user_agent="probe rolecall-notion/0",
        **({"log": log} if log else {}),
    )
    return Controller(
        credentials.address,
        roots=roots.read_bytes(),
        tokens=tokens,
        user_agent="probe rolecall-notion/0",
        host_id=host_id,
    )


@dataclass(kw_only=True)
class Working:
    """A running worker."""

    other: Other
    handler: Callable[[api.Task], Awaitable[Finished]] = at_once
    limits: Limits = QUICK
    many: bool = False
    host_id: str = "here"
    ahead_s: float = 0.0
    roots: Path | None = None
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What was logged."""

    ended: list[tuple[str, str]] = field(default_factory=list)
    """Kind and code of each task that ended."""

    heard: list[bool] = field(default_factory=list)
    error: BaseException | None = None
    """What ended it, if it was not told to stop."""

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="working", daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self, timeout: float = 10.0) -> None:
        """Tell it to stop, and wait for its end."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._worker.stop)
        self.join(timeout)

    def join(self, timeout: float = 10.0) -> None:
        """Wait for its end."""
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "the worker does not stop"

    @property
    def said(self) -> str:
        """Everything that was logged."""
        return "\n".join(f"{message} {facts}" for message, facts in self.lines)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        async with AsyncExitStack() as stack:
            channel = await stack.enter_async_context(
                channel_to(
                    self.other,
                    host_id=self.host_id,
                    ahead_s=self.ahead_s,
                    roots=self.roots,
                    log=self._log,
                )
            )
            self._worker = Worker(
                controller=channel,
                hello=api.BatonServiceHelloRequest(
                    host_id=self.host_id, connector_metadata=ConnectorMetadata(display_name="Test")
                ),
                handler=self.handler,
                log=self._log,
                limits=self.limits,
                many=self.many,
                finished=lambda kind, code: self.ended.append((kind, code.name)),
                heard=self.heard.append,
            )
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            await self._worker.run()

    def _log(self, message: str, /, **facts: object) -> None:
        self.lines.append((message, facts))
