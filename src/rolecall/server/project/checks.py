"""Whether an installation is as it should be: one question after the other, each with its answer.

Every question is a function that answers with a `Finding`, or with nothing where it has nothing to
ask about. Needs Django, and the owner's address.
"""

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.core import checks as django_checks
from django.db import connection
from django.db.models import Max, QuerySet

from rolecall.errors import BadConfig
from rolecall.server.connectors.models import Connector
from rolecall.server.project import rights, schema
from rolecall.server.project.config import Config

__all__ = ["OLDEST_POSTGRESQL", "Finding", "State", "findings"]

OLDEST_POSTGRESQL: Final = 16
"""The oldest major version that the tests run on."""

_ALIVE: Final = timedelta(seconds=60)
"""A worker tells that it is there every ten seconds."""
_SEALED_WITHIN: Final = timedelta(minutes=10)
_CERTIFICATE_DAYS: Final = 14
_FREE_BYTES: Final = 1 << 30
_PATIENCE_S: Final = 5.0


class State(StrEnum):
    """How it stands."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "error"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An answer, and what to do about it."""

    state: State
    what: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the questions are about."""

    config: Config
    now: datetime
    data: Path | None
    deploy: bool

    def severe(self) -> State:
        """How bad it is to lack what only other people's use needs."""
        return State.BAD if self.deploy else State.WARNING


def findings(
    config: Config, *, now: datetime, data: Path | None = None, deploy: bool = False
) -> Iterator[Finding]:
    """Ask everything.

    Args:
        config: the settings.
        now: the moment.
        data: the data folder, if there is one.
        deploy: whether it shall serve others than whoever sits at this machine.
    """
    asked = _Asked(config=config, now=now, data=data, deploy=deploy)
    yield from (found for question in _QUESTIONS if (found := question(asked)) is not None)
    yield from _django(asked)


def _keys(asked: _Asked) -> Finding | None:
    try:
        keys = asked.config.read_keys()
    except BadConfig as error:
        return Finding(state=State.BAD, what=error.what, hint=error.hint)
    return Finding(state=State.GOOD, what=f"The keys can be read; {keys.active} is active.")


def _database(_asked: _Asked) -> Finding | None:
    major = int(str(_value("SHOW server_version_num"))) // 10_000
    if major < OLDEST_POSTGRESQL:
        return Finding(
            state=State.BAD,
            what=f"PostgreSQL {major} is too old.",
            hint=f"Use {OLDEST_POSTGRESQL} or later.",
        )
    if _value("SHOW server_encoding") != "UTF8":
        return Finding(
            state=State.BAD,
            what="The database is not in UTF-8.",
            hint="Make a new one: createdb --encoding=UTF8 --template=template0.",
        )
    return Finding(state=State.GOOD, what=f"The database answers: PostgreSQL {major}, UTF-8.")


def _schema(_asked: _Asked) -> Finding | None:
    if behind := schema.behind():
        return Finding(
            state=State.BAD,
            what=f"The database lacks {len(behind)} migrations, the first is {behind[0]}.",
            hint="Run: rolecall migrate",
        )
    return Finding(state=State.GOOD, what="The database is up to date.")


def _rights(asked: _Asked) -> Finding | None:
    """Whether the daily roles are there, and cannot change what happened."""
    roles = (rights.WEB, rights.WORKER)
    question = "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)"
    if _value(question, [list(roles)]) != len(roles):
        return Finding(
            state=asked.severe(),
            what="Web and worker work as the owner, who could change the audit trail.",
            hint=f"Make the roles {roles[0]} and {roles[1]} (docs/guides/run-the-server.md).",
        )
    question = (
        "SELECT bool_or(has_table_privilege(role::name, kept, 'UPDATE, DELETE, TRUNCATE'))"
        " FROM unnest(%s::text[]) AS role, unnest(ARRAY['audit_event', 'audit_seal']) AS kept"
    )
    if _value(question, [list(roles)]):
        return Finding(
            state=State.BAD,
            what="Web or worker can change the audit trail.",
            hint="Run: rolecall migrate (it sets the rights anew).",
        )
    return Finding(state=State.GOOD, what="Web and worker cannot change the audit trail.")


def _worker(asked: _Asked) -> Finding | None:
    last = _value("SELECT max(last_heartbeat) FROM procrastinate_workers")
    if isinstance(last, datetime) and asked.now - last < _ALIVE:
        return Finding(state=State.GOOD, what="A worker is at work.")
    return Finding(
        state=State.BAD,
        what="No worker is at work: nothing is synced, no mail is sent.",
        hint="Run `rolecall up`, or `rolecall worker`.",
    )


def _sealed(asked: _Asked) -> Finding | None:
    oldest = _value(
        "SELECT min(at) FROM audit_event e"
        " WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE s.event_id = e.id)"
    )
    if isinstance(oldest, datetime) and asked.now - oldest > _SEALED_WITHIN:
        return Finding(
            state=State.WARNING,
            what=f"The audit trail has not been sealed since {oldest:%Y-%m-%d %H:%M} UTC.",
            hint="A worker does it every minute; see what it logs.",
        )
    return Finding(state=State.GOOD, what="The audit trail is sealed.")


def _checkpoints(asked: _Asked) -> Finding | None:
    if asked.config.audit_checkpoints:
        return None
    return Finding(
        state=State.WARNING,
        what="The audit trail's last link is noted nowhere outside the database.",
        hint="Set audit_checkpoints to a file that the database's administrators cannot write.",
    )


def _address(asked: _Asked) -> Finding | None:
    if asked.config.secure:
        return _certificate(asked)
    return Finding(
        state=asked.severe(),
        what=f"{asked.config.public_url} is for this machine only.",
        hint="Put a proxy with TLS before it, and set public_url to its https address.",
    )


def _certificate(asked: _Asked) -> Finding:
    """Whether the public address has a certificate that browsers accept, and for how long."""
    url = urlsplit(asked.config.public_url)
    host, port = url.hostname or "", url.port or 443
    try:
        ends = _ends(host, port, ssl.create_default_context())
    except OSError as error:
        return Finding(
            state=asked.severe(),
            what=f"{asked.config.public_url} cannot be reached with TLS from here: {error}.",
            hint="Look at the proxy and its certificate; ignore this if only others can reach it.",
        )
    days = (ends - asked.now).days
    if days < _CERTIFICATE_DAYS:
        return Finding(
            state=State.WARNING,
            what=f"The certificate of {host} ends in {days} days.",
            hint="Renew it.",
        )
    return Finding(state=State.GOOD, what=f"{host} has a certificate for {days} more days.")


def _controller(asked: _Asked) -> Finding | None:
    """Whether self-hosted connectors find us where they call, and for how long they believe us."""
    own = asked.data / "controller" / "ca.pem" if asked.data else None
    trust = ssl.create_default_context()
    if own is not None and own.exists():
        trust.load_verify_locations(own)
    elif not _self_hosted().exists():
        return None
    address = asked.config.controller_address
    host, _, port = address.partition(":")
    try:
        ends = _ends(host, int(port or 443), trust)
    except OSError as error:
        return Finding(
            state=State.BAD if _self_hosted().exists() else State.WARNING,
            what=f"The controller cannot be reached at {address} with TLS from here: {error}.",
            hint="Run `rolecall up` or `rolecall controller`, and look at controller.address and "
            "its certificate; ignore this if only others can reach it.",
        )
    days = (ends - asked.now).days
    said = f"The controller answers at {address}; its certificate lasts {days} more days."
    if days < _CERTIFICATE_DAYS:
        return Finding(state=State.WARNING, what=said, hint="Renew it, or connectors stop calling.")
    return Finding(state=State.GOOD, what=said)


def _callers(_asked: _Asked) -> Finding | None:
    """When self-hosted connectors last called."""
    known = _self_hosted().exclude(seen_at=None)
    if (last := known.aggregate(last=Max("seen_at"))["last"]) is None:
        return None
    if missed := list(known.exclude(missed_at=None).values_list("name", flat=True)):
        return Finding(
            state=State.WARNING,
            what=f"Not seen for ten minutes or more: {', '.join(missed)}.",
            hint="See whether they run, and whether their machines reach the controller.",
        )
    return Finding(
        state=State.GOOD,
        what=f"Every self-hosted connector calls, the last at {last:%Y-%m-%d %H:%M:%S} UTC.",
    )


def _self_hosted() -> QuerySet[Connector]:
    return Connector.objects.filter(kind="baton", archived_at=None)


def _ends(host: str, port: int, trust: ssl.SSLContext) -> datetime:
    """When the certificate that is shown there ends.

    Raises:
        OSError: nobody answers, or not with a certificate to be believed.
    """
    with (
        socket.create_connection((host, port), timeout=_PATIENCE_S) as plain,
        trust.wrap_socket(plain, server_hostname=host) as secure,
    ):
        ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {})["notAfter"]))
    return datetime.fromtimestamp(ends, UTC)


def _mail(asked: _Asked) -> Finding | None:
    if not asked.config.mail.url:
        return Finding(
            state=asked.severe(),
            what="No mail is sent: it is only kept.",
            hint="Set mail.url and mail.sender.",
        )
    url = urlsplit(asked.config.mail.url)
    port = url.port or (465 if url.scheme == "smtps" else 587)
    try:
        socket.create_connection((url.hostname or "", port), timeout=_PATIENCE_S).close()
    except OSError as error:
        return Finding(
            state=State.BAD,
            what=f"The mail server {url.hostname}:{port} does not answer: {error}.",
            hint="Correct mail.url, or let this machine through to it.",
        )
    return Finding(state=State.GOOD, what=f"The mail server {url.hostname}:{port} answers.")


def _disk(asked: _Asked) -> Finding | None:
    if asked.data is None:
        return None
    free = shutil.disk_usage(asked.data).free
    if free < _FREE_BYTES:
        return Finding(
            state=State.WARNING,
            what=f"Only {free >> 20} MiB are free where the data folder is.",
            hint="Make room: a database without any stops.",
        )
    return Finding(state=State.GOOD, what=f"{free >> 30} GiB are free for the data folder.")


def _django(asked: _Asked) -> Iterator[Finding]:
    """What Django finds wrong; it says nothing about what is right."""
    for message in django_checks.run_checks(include_deployment_checks=asked.deploy):
        state = State.BAD if message.is_serious() else State.WARNING
        yield Finding(state=state, what=message.msg, hint=message.hint or "")


_QUESTIONS: Final[tuple[Callable[[_Asked], Finding | None], ...]] = (
    *(_keys, _database, _schema, _rights, _worker, _sealed, _checkpoints),
    *(_address, _controller, _callers, _mail, _disk),
)


def _value(question: str, values: list[list[str]] | None = None) -> object:
    """The single value that is the answer to a question; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        row = cursor.fetchone()
    return row[0] if row else None
