"""Becomes another program, as another user, that ends when whoever started it ends.

    python -I -m rolecall.server.project.leash PARENT SIGNAL UID:GID PROGRAM [ARGUMENT...]
    python -I -m rolecall.server.project.leash PARENT SIGNAL UID:GID -m MODULE [ARGUMENT...]

An empty UID:GID keeps the user. On Linux the kernel sends SIGNAL when PARENT is gone, even by
`kill -9`; it forgets the promise when a program changes its user, so that comes first. Elsewhere
there is no such promise, and what is left over is found at the next start (`embedded/cluster.py`).
Imports nothing but the standard library: it runs before every process of ours.
"""

import ctypes
import os
import runpy
import sys
from pathlib import Path

__all__ = ["become", "main"]

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop privileges, tie this process to its parent, and become the program."""
    parent, signal, whom, *program = arguments
    if whom:
        become(*(int(number) for number in whom.split(":")))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(0)  # The parent ended before the kernel knew of our wish.
    if program[0] != "-m":
        os.execv(program[0], program)  # noqa: S606 - what the supervisor asked for
    sys.argv = program[1:]
    runpy.run_module(program[1], run_name="__main__", alter_sys=True)


def become(uid: int, gid: int) -> None:
    """Go on as another user, in none of our groups; there is no way back."""
    _keep_the_standard_library()
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def _keep_the_standard_library() -> None:
    """Find the standard library by an open folder, where its path may be closed to the new user.

    So an interpreter below root's home works: it is read by us, and its folder stays open. Nothing
    else of that home comes within reach, because the way to it leads through a closed folder.
    """
    library = str(Path(os.__file__).parent)
    if sys.platform != "linux":
        return
    door = f"/proc/self/fd/{os.open(library, os.O_RDONLY | os.O_DIRECTORY)}"
    for paths in (sys.path, *(getattr(m, "__path__", []) for m in tuple(sys.modules.values()))):
        if isinstance(paths, list):
            paths[:] = [_through(door, library, path) for path in paths]


def _through(door: str, library: str, path: str) -> str:
    """The path as it is seen through the door, if it lies behind it."""
    inside = path == library or path.startswith(f"{library}/")
    third_party = "site-packages" in path or "dist-packages" in path
    return path.replace(library, door, 1) if inside and not third_party else path


if __name__ == "__main__":
    main(sys.argv[1:])
