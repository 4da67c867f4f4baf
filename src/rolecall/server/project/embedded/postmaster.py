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
    from starting; nor must a connection that goes on with its statement, and has not noticed yet
    that its postmaster was killed.
    """
    if not Path("/proc/self").exists():
        return  # PostgreSQL decides for itself, and is careful.
    file = place / "postmaster.pid"
    try:
        pid = int(file.read_text(errors="replace").split(maxsplit=1)[0])
    except FileNotFoundError:
        pid = 0
    except (ValueError, IndexError):
        file.unlink(missing_ok=True)  # killed before it wrote its number; PostgreSQL would refuse
        pid = 0
    if pid and _works_in(pid, place):
        say("Stopping a database that outlived a crash.")
        _end(pid, FAST)
    elif pid and Path(f"/proc/{pid}").exists():
        file.unlink(missing_ok=True)
    for orphan in _orphans(place):
        _end(orphan, signal.SIGKILL)  # as after any crash, the next one repairs what it did


def _orphans(place: Path) -> list[int]:
    """Processes of PostgreSQL's that work there."""
    pids = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal()]
    return [pid for pid in pids if _works_in(pid, place) and _called(pid) == "postgres"]


def _end(pid: int, how: signal.Signals) -> None:
    """Send a signal, and wait for the end."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, how)
        select.select([handle], [], [])
    except ProcessLookupError:
        pass  # It has ended by itself.
    finally:
        os.close(handle)


def _works_in(pid: int, place: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(place)
    except OSError:
        return False


def _called(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""
