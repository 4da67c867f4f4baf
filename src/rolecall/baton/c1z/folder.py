"""`.NAME.work/` beside the target: where a sync is written, and the lock on the target.

Owns the folder, what may lie in it, and the one atomic step that replaces the target.
The folder is the only thing that a kill can leave behind; whoever comes next resumes or removes it.
"""

import errno
import fcntl
import os
from pathlib import Path

from rolecall.baton.c1z.envelope import Packed, identify, pack, refuse_what_is_not_v1, unpack
from rolecall.errors import BadConfig, Conflict, DiskFull, Error

__all__ = ["WorkFolder", "os_error", "refuse_foreign"]

_OWN_NAMES = ("new.c1z", "old.db", "old.db-journal", "db-journal", "db")


def os_error(path: Path, error: OSError) -> Error:
    """What an operating system's refusal means to the person who gave us `path`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(
            f"No space left on the disk of {path}.", hint=f"Free some in {path.parent}; then again."
        )
    return BadConfig(
        f"Cannot write {path}: {error.strerror}.",
        hint=f"Check that the folder {path.parent} exists and that you may write in it.",
    )


class WorkFolder:
    """A claimed work folder; use `claim`, and `release` or `remove` in the end.

    Attributes:
        target: the c1z to be replaced, symbolic links resolved.
        database: where the sync's SQLite database is built.
    """

    def __init__(self, target: Path, path: Path, lock: int) -> None:
        self.target = target
        self.database = path / "db"
        self._path = path
        self._lock = lock

    @classmethod
    def claim(cls, target: Path) -> "WorkFolder":
        """Make or take over the folder, and lock it for as long as this process lives.

        Raises:
            Conflict: another process holds it.
            BadFile: the target exists and is no c1z that we can keep the history of.
            BadConfig: the folder cannot be made.
        """
        target = Path(os.path.realpath(target))  # Path.resolve breaks on a circle of links
        path = target.with_name(f".{target.name}.work")
        try:
            refuse_foreign(target)
            while True:
                path.mkdir(mode=0o700, exist_ok=True)
                lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                if _locked(lock, path, target):
                    return cls(target, path, lock)
                os.close(lock)
        except OSError as error:
            raise os_error(target, error) from error

    def unpack_old(self) -> Path | None:
        """The target's database as a scratch copy; None if there is no target yet."""
        if identify(self.target) in {"missing", "empty"}:
            return None
        old = self._path / "old.db"
        unpack(self.target, old)
        return old

    def publish(self) -> Packed:
        """Pack the database and put it in the target's place, on disk before this returns.

        Raises:
            DiskFull: no space; the target is as it was.
            BadConfig: the target cannot be replaced.
        """
        new = self._path / "new.c1z"
        packed = pack(self.database, new)
        try:
            new.chmod(self.target.stat().st_mode & 0o777 if self.target.exists() else 0o600)
            new.replace(self.target)
            parent = os.open(self.target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(parent)
            finally:
                os.close(parent)
        except OSError as error:
            raise os_error(self.target, error) from error
        return packed

    def clear(self) -> None:
        """Delete what we put into the folder, and nothing that somebody else did."""
        for name in _OWN_NAMES:
            (self._path / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder, and give up the lock."""
        self.clear()
        try:
            self._path.rmdir()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise os_error(self._path, error) from error
        finally:
            self.release()

    def release(self) -> None:
        """Give up the lock; the folder stays for the next run."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def refuse_foreign(target: Path) -> None:
    """Raise unless the target may be written: it is missing, empty, or a v1 c1z.

    Raises:
        BadFile: it holds something that we would destroy.
        BadConfig: it is a folder, or unreadable.
    """
    if target.is_dir():
        raise BadConfig(f"{target} is a folder.", hint="Name a file with -f.")
    if identify(target) in {"foreign", "v3"}:
        refuse_what_is_not_v1(target)


def _locked(lock: int, path: Path, target: Path) -> bool:
    """Lock the folder; False if it was removed under our hands and must be made again."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise Conflict(
            f"Another process is writing {target}.",
            hint="Wait until it has finished, or write to another file with -f.",
        ) from error
    try:
        return path.stat().st_ino == os.fstat(lock).st_ino
    except FileNotFoundError:
        return False
