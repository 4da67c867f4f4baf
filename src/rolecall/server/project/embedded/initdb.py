"""A new, empty cluster: UTF-8, checksums, passwords only.

Text sorts by code point whatever the machine's locale is, and lower case knows all of Unicode.
"""

from pathlib import Path
from typing import Final

from rolecall.server.project.embedded.binaries import Binaries
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import give

__all__ = ["LOCALE", "initialise"]

LOCALE: Final[tuple[str, ...]] = (
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)
"""For versions that have a locale of their own, which no update of the machine can change."""

_DEFAULTS: Final = {
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
}
"""Written into postgresql.conf once; whoever runs it may change them there."""


def initialise(
    programs: Binaries,
    folder: Path,
    password: str,
    *,
    locale: tuple[str, ...] = LOCALE,
    durable: bool = True,
) -> None:
    """Make a cluster.

    Args:
        programs: of the major version that it shall have, and whose it shall be.
        folder: where; empty or not there yet.
        password: the superuser's.
        locale: initdb's options for it.
        durable: whether it must survive a power cut; False is for tests.

    Raises:
        Fatal: initdb failed.
    """
    folder.mkdir(exist_ok=True)
    give(folder, programs.user, 0o700)
    secret = folder.with_name(f"{folder.name}.password")
    try:
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="ascii")
        give(secret, programs.user, 0o600)
        programs.run(
            "initdb",
            *("-D", folder, f"--username={Role.ADMIN}", "--encoding=UTF8", "--data-checksums"),
            *("--auth-local=scram-sha-256", "--auth-host=reject", f"--pwfile={secret}"),
            *locale,
            *(() if durable else ("--no-sync",)),
            *(f"--set={name}={value}" for name, value in _DEFAULTS.items()),
        )
    finally:
        secret.unlink()
