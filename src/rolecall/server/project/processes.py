"""How we start other programs: as whom, with what in their environment, and that they end with us.

Under root nothing of ours runs as root: the database, the web and the worker run as an unprivileged
user. A program gets only the variables that it is given here, so that a secret of this process does
not reach all the others.
"""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from rolecall.errors import BadConfig

__all__ = ["SystemUser", "give", "insist_on_access", "run", "spawn", "unprivileged"]

_PREFERRED: Final = ("postgres", "nobody")
_HOW_TO_OPEN: Final = (
    "Put it where that user can get to, for example below /var/lib or /opt, "
    "or name another user with --run-as."
)


@dataclass(frozen=True, kw_only=True)
class SystemUser:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


def unprivileged(name: str = "") -> SystemUser | None:
    """Who programs of ours run as: None is whoever we are, which is everybody but root.

    Args:
        name: the user to run as under root; empty is `postgres` if there is one, else `nobody`.

    Raises:
        BadConfig: there is no such user, it is root, or we are not root and it is somebody else.
    """
    if os.geteuid() != 0:
        if name and name != pwd.getpwuid(os.geteuid()).pw_name:
            raise BadConfig(f"Only root can run something as {name}.", hint="Leave out --run-as.")
        return None
    for candidate in (name,) if name else _PREFERRED:
        try:
            found = pwd.getpwnam(candidate)
        except KeyError:
            continue
        if found.pw_uid == 0:
            raise BadConfig(
                f"{candidate} is root, and nothing of ours runs as root.",
                hint="Name an unprivileged user with --run-as, or leave it out.",
            )
        return SystemUser(name=found.pw_name, uid=found.pw_uid, gid=found.pw_gid)
    raise BadConfig(
        f"This machine has no user {name or ' or '.join(_PREFERRED)}.",
        hint="Make one (useradd --system rolecall), and name it with --run-as.",
    )


def give(path: Path, user: SystemUser | None, mode: int) -> None:
    """Make a path the user's own, with this mode; never follows a link."""
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    path.chmod(mode)


def insist_on_access(path: Path, user: SystemUser | None) -> None:
    """Refuse a folder or a program that the user cannot get to.

    Raises:
        BadConfig: a folder above it is closed to the user.
    """
    answer = subprocess.run(  # noqa: S603 - a fixed program
        ["/usr/bin/env", "test", "-x", path],
        check=False,
        env={},
        cwd="/",
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[user.gid] if user else None,
    )
    if answer.returncode != 0:
        name = user.name if user else pwd.getpwuid(os.geteuid()).pw_name
        raise BadConfig(f"The user {name} cannot get to {path}.", hint=_HOW_TO_OPEN)


def run(
    program: Sequence[str | Path],
    user: SystemUser | None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and hand over what it said; it ends when we do.

    Args:
        program: a full path, and arguments. No secrets: everybody can read them.
        user: whom to run it as; None is whoever we are.
        environ: everything that it finds in its environment.
        cwd: where it runs; `/` if None.
    """
    return subprocess.run(  # noqa: S603 - our own programs
        _leashed(program, user, signal.SIGTERM),
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=dict(environ or {}),
        cwd=cwd or "/",
    )


def spawn(
    program: Sequence[str | Path],
    user: SystemUser | None,
    *,
    ends_by: signal.Signals,
    environ: Mapping[str, str],
    output: IO[Any] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own; it ends when we do.

    Must be called from the main thread: the kernel watches the thread, not the process.

    Args:
        program: a full path, or `-m` and a module of Python; and arguments. No secrets: everybody
            can read them.
        user: whom to run it as; None is whoever we are.
        ends_by: the signal that it gets when this process is gone.
        environ: everything that it finds in its environment.
        output: where it writes to; our own standard error if None.
    """
    return subprocess.Popen(  # noqa: S603 - our own programs
        _leashed(program, user, ends_by),
        stdin=subprocess.DEVNULL,
        stdout=output or sys.stderr,
        stderr=output or sys.stderr,
        env=dict(environ),
        cwd="/",
        process_group=0,
    )


def _leashed(
    program: Sequence[str | Path], user: SystemUser | None, ends_by: signal.Signals
) -> list[str]:
    """The command line that runs the program by way of `leash`."""
    leash = (sys.executable, "-I", "-m", "rolecall.server.project.leash")
    whom = f"{user.uid}:{user.gid}" if user else ""
    return [*leash, str(os.getpid()), str(int(ends_by)), whom, *map(str, program)]
