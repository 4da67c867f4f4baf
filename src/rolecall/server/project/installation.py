"""Which installation a command works on: a data folder of ours, or a database server of one's own.

This is where commands read the environment, and where Django finds what it needs there.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from rolecall.errors import BadConfig
from rolecall.server.project import config
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.leash import become
from rolecall.server.project.processes import SystemUser, unprivileged

__all__ = ["Installation"]

_HANDED_ON: Final = frozenset({
    *("PATH", "LANG", "LC_ALL", "TZ", "PYTHONWARNINGS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "DATABASE_URL"),
})  # fmt: skip
_ANSWERED: Final = frozenset({"ROLECALL_DATA", "ROLECALL_RUN_AS"})
"""What our programs need not ask again."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where the database and the keys are.

    Args:
        data: the data folder, or None: then DATABASE_URL and ROLECALL_KEYS_FILE say it.
        run_as: whom programs run as under root; empty is our choice.
        environ: the environment of this process.
    """

    data: Path | None
    run_as: str = ""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def __post_init__(self) -> None:
        """Refuse two answers to one question."""
        if self.data is not None and self.environ.get("DATABASE_URL"):
            raise BadConfig(
                "Both a data folder and DATABASE_URL are given, and they are two databases.",
                hint="Leave out --data (ROLECALL_DATA), or unset DATABASE_URL.",
            )

    def user(self) -> SystemUser | None:
        """Whom programs of ours run as; None is whoever we are."""
        return unprivileged(self.run_as)

    def step_down(self) -> None:
        """Go on as an unprivileged user, if this is root."""
        if (user := self.user()) is not None:
            become(user.uid, user.gid)

    def cluster(self) -> Cluster:
        """The embedded database.

        Raises:
            BadConfig: there is no data folder.
        """
        if self.data is None:
            raise BadConfig(
                "No data folder is given.", hint="Name it with --data DIR, or by ROLECALL_DATA."
            )
        return Cluster(self.data, user=self.user(), say=_say)

    def surroundings(self, **known: str) -> dict[str, str]:
        """The environment of a program of ours: ours, as far as it is its business.

        Args:
            known: what is known by now, such as DATABASE_URL.
        """
        passed = {
            name: value
            for name, value in self.environ.items()
            if name in _HANDED_ON or (name.startswith("ROLECALL_") and name not in _ANSWERED)
        }
        if self.data is not None:
            folder = self.data.absolute()
            if (settings := folder / "rolecall.toml").is_file():
                passed.setdefault("ROLECALL_CONFIG", str(settings))
            passed["ROLECALL_KEYS_FILE"] = str(folder / "keys.json")
            passed.setdefault("ROLECALL_AUDIT_CHECKPOINTS", str(folder / "audit" / "checkpoints"))
        return {**passed, "PYTHONSAFEPATH": "1", **known}

    def settings(self, **known: str) -> config.Config:
        """The settings, judged; the database's address need not be known yet.

        Raises:
            BadConfig: something required is missing, contradictory or only half set.
        """
        later = {} if self.data is None else {"DATABASE_URL": "postgresql:///"}
        return config.load({**later, **self.surroundings(), **known})

    def keys_file(self) -> Path:
        """Where the keys are, or will be."""
        return Path(self.surroundings().get("ROLECALL_KEYS_FILE") or self.settings().keys_file)

    def keys_owner(self) -> SystemUser | None:
        """Who must be able to read the keys: with a server of one's own, whoever can now."""
        if self.data is not None:
            return self.user()
        found = self.keys_file().stat()
        return SystemUser(name="", uid=found.st_uid, gid=found.st_gid)

    def link(self, path: str) -> str:
        """The full address of a page, as people reach it."""
        return self.settings().public_url.rstrip("/") + path

    @contextmanager
    def reached(self, purpose: str, role: Role = Role.OWNER) -> Iterator[str]:
        """The database's address; an embedded one is started for as long as it is needed.

        Args:
            purpose: what somebody who finds the folder locked is told.
            role: whom to work as; with a server of one's own, DATABASE_URL has decided that.

        Raises:
            BadConfig: neither a data folder nor DATABASE_URL is given.
        """
        if self.data is None:
            yield self.settings().database_url
            return
        with self.cluster().reached(purpose) as cluster:
            yield cluster.url(role)

    @contextmanager
    def django(self, purpose: str, role: Role = Role.OWNER) -> Iterator[str]:
        """The same, with Django set up in this process.

        Raises:
            BadConfig: a setting or the keys file is unusable.
        """
        with self.reached(purpose, role) as url:
            self.enter_django(url)
            yield url

    def enter_django(self, url: str) -> None:
        """Set up Django in this process, for the database at this address.

        Raises:
            BadConfig: a setting or the keys file is unusable.
        """
        os.environ.update(self.surroundings(DATABASE_URL=url))
        os.environ["DJANGO_SETTINGS_MODULE"] = "rolecall.server.project.settings"
        import django  # noqa: PLC0415 - commands that need it are slow enough already

        django.setup()


def _say(line: str) -> None:
    click.echo(line, err=True)
