"""A simulator, a controller and the connector in service mode, each on its own, for measurements.

The simulator and the connector are processes; the controller of the tests is in this one.
"""

import json
import os
import platform
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from controller.board import Board
from controller.service import Controller, Pace
from hosted import Hosted, hosted

__all__ = ["Far", "Stage", "percentile", "stage"]


@dataclass(frozen=True, kw_only=True)
class Far:
    """A simulator in another process."""

    scim_url: str
    scim_token: str

    def state(self) -> dict[str, Any]:
        """The workspace."""
        return self._get("state")

    def history(self) -> list[dict[str, Any]]:
        """Every change."""
        return self._get("history")

    def _get(self, what: str) -> Any:  # noqa: ANN401 - JSON
        with urllib.request.urlopen(self.scim_url.replace("/scim/v2", f"/_sim/{what}")) as answer:  # noqa: S310 - our own
            return json.load(answer)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """All three."""

    sim: Far
    controller: Controller
    connector: Hosted

    @staticmethod
    def describe() -> str:
        """Where and what is measured."""
        head = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(head, capture_output=True, text=True, check=False).stdout.strip()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        return (
            f"{os.cpu_count()} cores, {memory:.0f} GiB RAM, Python {platform.python_version()}, "
            f"commit {commit}"
        )


@contextmanager
def stage(
    *simulator: object, flags: tuple[str, ...] = (), name_owner: bool = False
) -> Iterator[Stage]:
    """All three, from start to end.

    Args:
        simulator: words for `notion-sim`.
        flags: of the connector.
        name_owner: whether it is told of an owner, and so need not list everybody to find one.
    """
    words = ["-c", "from notion_sim.cli import main; main()", "--port", "0", *map(str, simulator)]
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as running,
    ):
        try:
            sim = _announced(running)
            if name_owner:
                flags = (*flags, "--other-owner", _owner(sim))
            board = Board(clock=time.monotonic, tries=3)
            with (
                Controller(board=board, pace=Pace(next_poll=1.0)) as controller,
                hosted(sim, controller, Path(folder) / "state", "-p", *flags) as connector,
            ):
                controller.wait_for("GetTask", 1, 60)
                yield Stage(sim=sim, controller=controller, connector=connector)
        finally:
            running.terminate()


def _owner(sim: Far) -> str:
    return next(str(one["id"]) for one in sim.state()["members"] if one["role"] == "owner")


def _announced(running: "subprocess.Popen[str]") -> Far:
    said: dict[str, str] = {}
    for line in running.stdout or ():
        for word in shlex.split(line):
            name, _, text = word.partition("=")
            said[name] = text
        if {"BATON_BASE_URL", "BATON_SCIM_TOKEN"} <= set(said):
            break
    return Far(scim_url=said["BATON_BASE_URL"], scim_token=said["BATON_SCIM_TOKEN"])


def percentile(values: list[float], share: float) -> float:
    """The value below which so large a share lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")
