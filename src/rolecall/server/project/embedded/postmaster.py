"""A running PostgreSQL, as its `postmaster.pid` tells: ready, or left over by a crash."""

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["FAST", "end_survivor", "is_ready"]

FAST: Final = signal.SIGINT
"""Cut everybody off, write everything down, stop."""

_STATE_LINE: Final = 7


def is_ready(place: Path, pid: int | None = None) -> bool:
    """Whether the cluster there accepts connections; as process `pid`, if that is given."""
    try:
        lines = (place / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return False
    ready = len(lines) > _STATE_LINE and lines[_STATE_LINE].strip() == "ready"
    return ready and pid in {None, int(lines[0])}


def end_survivor(place: Path, say: Callable[[str], None]) -> None:
    """Stop a PostgreSQL that outlived whoever started it; forget one that did not.

    Whoever calls holds the folder's lock, so nobody of ours looks after that one. And a process id
    that is somebody else's by now, as after the restart of a container, must not keep PostgreSQL
    from starting.
    """
    file = place / "postmaster.pid"
    try:
        pid = int(file.read_text(errors="replace").split(maxsplit=1)[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if not Path("/proc/self").exists():
        return  # PostgreSQL decides for itself, and is careful.
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return  # PostgreSQL sees that too.
    try:
        if not _works_in(pid, place):
            file.unlink()
            return
        say("Stopping a database that outlived a crash.")
        signal.pidfd_send_signal(handle, FAST)
        select.select([handle], [], [])
    finally:
        os.close(handle)


def _works_in(pid: int, place: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(place)
    except OSError:
        return False
