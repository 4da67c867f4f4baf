"""`rolecall-notion` as people run it: a process of its own, a folder, and no other environment."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notion_sim import Simulator
from rolecall.baton.c1z.reader import Reader, open_c1z

PROGRAM = str(Path(sys.executable).parent / "rolecall-notion")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log lines among what stands on stderr."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]

    @property
    def said(self) -> str:
        """Every message of the log, one a line."""
        return "\n".join(str(line["msg"]) for line in self.lines)

    @property
    def summary(self) -> dict[str, Any]:
        """The line of a finished sync that holds its totals."""
        (found,) = [line for line in self.lines if "accounts" in line]
        return found


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command in a folder."""

    folder: Path
    environ: Mapping[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start it; variables are given beside those that every run has."""
        process = subprocess.Popen(
            [PROGRAM, *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """End what a failed test has left running."""
        for process in self.started:
            process.kill()
            process.communicate()

    def __call__(self, *words: str, **environ: str) -> Ended:
        """Run it to its end."""
        return ended(self.start(*words, **environ))

    def left(self) -> list[str]:
        """Names of all files and folders here."""
        return sorted(one.name for one in self.folder.iterdir())


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end."""
    try:
        out, err = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(status=process.returncode, out=out, err=err)


def clean_environ() -> dict[str, str]:
    """What a process needs, and nothing that configures ours."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "BATON_REQUESTS_PER_SECOND": "0"}


def to(sim: Simulator, **more: str) -> dict[str, str]:
    """The variables that lead to a simulator, by SCIM."""
    return {"BATON_BASE_URL": sim.scim_url, "BATON_SCIM_TOKEN": sim.scim_token, **more}


def by_key(sim: Simulator, **more: str) -> dict[str, str]:
    """The variables that lead to a simulator, by the public API."""
    return {"BATON_REST_BASE_URL": sim.rest_url, "BATON_API_KEY": sim.api_key, **more}


def both(sim: Simulator, **more: str) -> dict[str, str]:
    """Both doors."""
    return {**to(sim), **by_key(sim), **more}


def users(reader: Reader) -> set[str]:
    """Ids of the accounts of the shown sync."""
    run = reader.sync()
    return {one.id.resource for one in reader.resources(run.sync_id, "user")}


def accounts(file: Path) -> set[str]:
    """Ids of the accounts in a file."""
    with open_c1z(file) as reader:
        return users(reader)
