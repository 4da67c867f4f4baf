"""The data folder: what lies where in it, whose it is, and who is using it.

    DATA/
    ├── rolecall.toml     the settings, if somebody puts them here
    ├── rolecall-data     the mark that it is ours, and the layout's version
    ├── lock              held while somebody uses it; says who
    ├── postgres/18/      the cluster, by major version
    ├── passwords/        one file per database role
    ├── keys.json         what secrets are encrypted with; back it up, and elsewhere
    ├── controller/       the authority and the certificate of the controller
    ├── audit/            the audit chain's last links, noted by the worker
    ├── log/              what PostgreSQL says, a week of it; start.log beside it, from before that
    └── socket            a folder; or a link to one, where the path here is too long for a socket

Nothing outside is touched, but for the folder of such a link. Others on this machine may not even
look inside; under root the database's user may pass through to what is its own.
"""

import fcntl
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rolecall.errors import BadConfig, Conflict
from rolecall.server.project.processes import SystemUser, give, insist_on_access

__all__ = ["DataFolder"]

_MARK: Final = "rolecall-data"
_LAYOUT: Final = "1\n"
_SETTINGS: Final = "rolecall.toml"
_KEYS: Final = "keys.json"
_BROUGHT: Final = {_SETTINGS, _KEYS}
"""What somebody may put into a new folder before the first start."""
_LONGEST_SOCKET_FOLDER: Final = 107 - len("/.s.PGSQL.5432.lock")
"""The kernel has 107 bytes for a socket's path."""


@dataclass(kw_only=True)
class DataFolder:
    """A data folder, and whether this process has locked it."""

    path: Path
    user: SystemUser | None
    """Whom the database runs as; None is whoever we are."""
    _lock: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Relative paths are meant from here, and PostgreSQL runs elsewhere."""
        self.path = self.path.absolute()

    def prepare(self) -> None:
        """Make the folder if it is not there, and what must be in it.

        Raises:
            BadConfig: it holds something that is not ours, is of a later version, or is closed to
                the database's user.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        mark = self.path / _MARK
        if mark.is_file():
            if mark.read_text(encoding="ascii", errors="replace") != _LAYOUT:
                raise BadConfig(
                    f"{self.path} was made by a later version of Rolecall.",
                    hint="Use that version, or restore a backup into a new folder.",
                )
        elif {one.name for one in self.path.iterdir()} - _BROUGHT:
            raise BadConfig(
                f"{self.path} is not empty, and is not a data folder of Rolecall.",
                hint="Name a folder that is empty or not there yet.",
            )
        self._make("", passable=True)
        insist_on_access(self.path, self.user)
        self._make("postgres", passable=True)
        self._make("passwords", passable=False)
        give(self._make("log", passable=False), self.user, 0o700)
        if self.user is not None and self.settings_file.is_file():
            os.chown(self.settings_file, os.geteuid(), self.user.gid)
            self.settings_file.chmod(0o640)
        mark.write_text(_LAYOUT, encoding="ascii")

    def _make(self, name: str, *, passable: bool) -> Path:
        """A folder of our own; the database's user may at most pass through."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        if passable and self.user is not None:
            os.chown(path, os.geteuid(), self.user.gid)
            path.chmod(0o710)
        else:
            path.chmod(0o700)
        return path

    @property
    def keys_file(self) -> Path:
        """The keys; made by `rolecall up`, not by us."""
        return self.path / _KEYS

    @property
    def settings_file(self) -> Path:
        """The settings, if somebody has put them here."""
        return self.path / _SETTINGS

    @property
    def audit(self) -> Path:
        """Where the worker notes the audit chain's last links; made by `rolecall up`."""
        return self.path / "audit"

    @property
    def log(self) -> Path:
        """The folder of PostgreSQL's log."""
        return self.path / "log"

    def cluster(self, major: int) -> Path:
        """Where the cluster of this major version is, or would be."""
        return self.path / "postgres" / str(major)

    def majors(self) -> list[int]:
        """The major versions that there are clusters of; normally one."""
        try:
            names = [one.name for one in (self.path / "postgres").iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if name.isdecimal())

    def password(self, role: str) -> str:
        """The password of a database role; made when it is asked for the first time."""
        path = self.path / "passwords" / role
        try:
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            _write_once(path, secrets.token_urlsafe(32))
            return path.read_text(encoding="ascii")

    def socket(self) -> Path:
        """The folder of the socket, closed to everybody else.

        Raises:
            BadConfig: there is none yet: nothing has been started here.
        """
        path = self.path / "socket"
        if not path.exists():
            raise BadConfig(
                f"Nothing has been started in {self.path} yet.",
                hint=f"Run: rolecall up --data {self.path}",
            )
        return path.readlink() if path.is_symlink() else path

    def make_socket(self) -> Path:
        """The same, and make it: in here where the path is short enough, else linked from here."""
        path = self.path / "socket"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_FOLDER:
            path.mkdir(mode=0o700, exist_ok=True)
        elif not self._is_ours(path):
            path.unlink(missing_ok=True)
            path.symlink_to(tempfile.mkdtemp(prefix="rolecall-"))
        folder = self.socket()
        give(folder, self.user, 0o700)
        return folder

    def _is_ours(self, link: Path) -> bool:
        """Whether a link leads to a folder that nobody else can have put there."""
        if not link.is_symlink() or not link.is_dir() or link.readlink().is_symlink():
            return False
        mine = {os.geteuid(), *((self.user.uid,) if self.user else ())}
        return link.stat().st_uid in mine

    def lock(self, purpose: str) -> None:
        """Keep everybody else out until `unlock`, or until this process is gone.

        Args:
            purpose: what the next one is told that we are doing.

        Raises:
            Conflict: somebody is at work here.
        """
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode(errors="replace").strip()
            os.close(handle)
            raise Conflict(
                f"{self.path} is in use by {holder or 'another process'}.",
                hint="Stop that first, or name another folder.",
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} ({purpose})\n".encode())
        self._lock = handle

    def unlock(self) -> None:
        """Let the next one in."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None


def _write_once(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all; the first of several wins."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
