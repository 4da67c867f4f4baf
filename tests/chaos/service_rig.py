"""Connectors in service mode as processes, killed and replaced like an orchestrator's.

A fork server has everything imported, so that a new process costs milliseconds. Judges nothing.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import service_connector
from service_connector import Setting
from service_scene import Scene, Stop

from controller.service import Controller
from notion_sim import Simulator
from rolecall.connector.job import Access
from rolecall.errors import Code

PATIENCE_S = 60
ENDS = {int(Code.OK), -signal.SIGKILL, -signal.SIGTERM}
"""How a connector may end: well, killed, or stopped before it could listen."""

FROZEN_S = 3.5
"""Longer than the controller's leases."""

MOST_REFUSED = 10
LATER = timedelta(minutes=5)
"""After which no request of a dead connector can still be on its way."""


def _forking() -> Any:
    """Where processes come from; knows our modules before the first one is asked for."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["service_connector"])
    with _environment("PYTHONPATH", os.pathsep.join(sys.path)):
        forkserver.ensure_running()
    return forking


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@dataclass(kw_only=True)
class Connectors:
    """Running connectors, each in a folder of its own; a context manager."""

    sim: Simulator
    other: Controller
    folder: Path
    scene: Scene
    errors: list[int] = field(default_factory=list)
    """Exit statuses that should not be."""

    refused: int = 0
    """How often one ended since the controller did not take its credentials."""

    killed: int = 0
    _running: dict[int, BaseProcess] = field(default_factory=dict)
    _closing: bool = False

    def __enter__(self) -> Self:
        for number in self.numbers:
            self.state(number).mkdir()
        # One thread starts and buries them all: the standard library's bookkeeping is not for more.
        self._thread = threading.Thread(target=self._keep, args=(_forking(),), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def numbers(self) -> range:
        """Of the connectors."""
        return range(len(self.scene.hosts))

    @property
    def said(self) -> str:
        """All that the connectors have logged, oldest first for each."""
        logs = [self._setting(number).log for number in self.numbers]
        return "".join(log.read_text(encoding="utf-8") for log in logs if log.exists())

    def close(self) -> None:
        """Stop all, in good order."""
        self._closing = True
        for process in list(self._running.values()):
            process.terminate()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "a connector does not stop"

    def hit(self, stop: Stop, number: int) -> None:
        """Stop one connector, freeze it, kill it, or kill all; whoever ended is replaced."""
        everyone = list(self._running.items())
        for one, process in everyone:
            if stop.how == "stop" and one == number:
                process.terminate()
            elif stop.how == "freeze" and one == number and process.pid:
                os.kill(process.pid, signal.SIGSTOP)
                threading.Timer(FROZEN_S, _thaw, args=(process.pid,)).start()
            elif stop.how == "kill" and (stop.mishap or one == number):
                process.kill()
                self.killed += 1

    def state(self, number: int) -> Path:
        """A connector's folder."""
        return self.folder / f"state-{number}"

    def books(self, number: int) -> list[str]:
        """States of the entries of a connector's journal, as its next start will leave them."""
        later = datetime.now(UTC) + LATER
        return asyncio.run(service_connector.books(self._setting(number), later))

    def _setting(self, number: int) -> Setting:
        return Setting(
            client_id=self.other.client_id,
            client_secret=self.other.client_secret,
            address=self.other.address,
            ca_file=self.other.ca_file,
            scim=Access(url=self.sim.scim_url, token=self.sim.scim_token),
            host=self.scene.hosts[number],
            many=self.scene.many,
            state=self.state(number),
            log=self.folder / f"log-{number}",
        )

    def _keep(self, forking: Any) -> None:
        """One connector after the other in the same folder."""
        while self._running or not self._closing:
            for number in self.numbers:
                if number not in self._running and not self._closing:
                    self._start(number, forking)
            ended = wait([one.sentinel for one in self._running.values()], timeout=0.1)
            for number, process in list(self._running.items()):
                if process.sentinel in ended:
                    self._bury(number, process)

    def _start(self, number: int, forking: Any) -> None:
        process = forking.Process(target=service_connector.work, args=(self._setting(number),))
        process.start()
        self._running[number] = process
        if self._closing:
            process.terminate()

    def _bury(self, number: int, process: BaseProcess) -> None:
        process.join()
        if process.exitcode == Code.UNAUTHENTICATED:
            self.refused += 1
        elif process.exitcode not in ENDS:
            self.errors.append(process.exitcode or 0)
        self._closing |= bool(self.errors) or self.refused > MOST_REFUSED
        del self._running[number]


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def until(so: Callable[[], Any], seconds: float) -> bool:
    """Wait for something to be so, or for some time; whether it is so."""
    end = time.monotonic() + seconds
    while not (found := bool(so())) and time.monotonic() < end:
        time.sleep(0.01)
    return found
