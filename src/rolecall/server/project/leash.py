"""Becomes another program that ends when the process that started it ends, even by `kill -9`.

    python -m rolecall.server.project.leash PARENT SIGNAL PROGRAM [ARGUMENT...]

On Linux the kernel sends SIGNAL when PARENT is gone; it forgets the promise when a program changes
its user, which is why this runs after that and just before the program. Elsewhere there is no such
promise, and what is left over is found at the next start (`embedded/cluster.py`).
Imports nothing but the standard library: it runs before every process of ours.
"""

import ctypes
import os
import sys

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the program; never returns."""
    parent, signal, *program = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(0)  # The parent ended before the kernel knew of our wish.
    os.execv(program[0], program)  # noqa: S606 - what the supervisor asked for


if __name__ == "__main__":
    main(sys.argv[1:])
