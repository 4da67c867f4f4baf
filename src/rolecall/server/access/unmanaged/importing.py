"""Carry a list of apps out: the file is kept for an hour between the preview and the yes."""

import io
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from rolecall.errors import Conflict, Gone
from rolecall.server.access.models import App
from rolecall.server.access.unmanaged.reading import Plan, plan
from rolecall.server.audit.trail import Actor, record
from rolecall.server.files.models import File
from rolecall.server.files.store import read as read_file
from rolecall.server.files.store import store
from rolecall.server.people.permissions import require

__all__ = ["apply", "look", "preview"]

_KIND: Final = "apps"
_KEPT: Final = timedelta(hours=1)


@transaction.atomic
def preview(actor: Actor, data: bytes, *, name: str, now: datetime) -> str:
    """Keep a file, to be looked at; nothing is changed. Its public id.

    Raises:
        NotAllowed: the actor may not add apps.
        Invalid: it is no such file at all.
    """
    require(actor, "app:create")
    plan(data)
    kept = store(io.BytesIO(data), kind=_KIND, name=name[:200], now=now, expires_at=now + _KEPT)
    return kept.public_id


def look(actor: Actor, file: str, *, now: datetime) -> Plan:
    """What a kept file would change by now.

    Raises:
        NotAllowed: the actor may not add apps.
        Gone: there is no such file any more.
    """
    require(actor, "app:create")
    return plan(_bytes(_kept(file, now)))


@transaction.atomic
def apply(actor: Actor, file: str, *, digest: str, now: datetime) -> Plan:
    """Change exactly what the preview said.

    Args:
        actor: who says yes.
        file: public id of the kept file.
        digest: of the plan that was shown.
        now: the moment.

    Raises:
        NotAllowed: the actor may not add apps.
        Gone: there is no such file any more.
        Conflict: rows of it have faults, or the plan is another by now.
    """
    require(actor, "app:create")
    kept = _kept(file, now)
    with connection.cursor() as cursor:  # from here on nobody else names apps
        cursor.execute("LOCK TABLE access_app IN SHARE ROW EXCLUSIVE MODE")
    found = plan(_bytes(kept))
    if found.faults:
        raise Conflict("The file has faults; nothing was changed.", hint="Correct it first.")
    if found.digest != digest:
        raise Conflict(
            "Apps were changed since this preview was made; nothing was changed now.",
            hint="Look at the new preview.",
        )
    _carry_out(actor, found, now)
    record(
        actor, "app:import", None, now=now, file=kept.name, sha256=kept.sha256,
        added=len(found.added), described=len(found.described),
    )  # fmt: skip
    kept.delete()
    return found


def _kept(file: str, now: datetime) -> File:
    kept = File.objects.filter(public_id=file, kind=_KIND, expires_at__gt=now).first()
    if kept is None:
        raise Gone("This preview is no longer there.", hint="Upload the file again.")
    return kept


def _bytes(kept: File) -> bytes:
    return b"".join(read_file(kept))


def _carry_out(actor: Actor, found: Plan, now: datetime) -> None:
    for one in found.added:
        app = App.objects.create(
            name=one.name,
            description=one.description or "",
            kind="",
            state=App.State.UNMANAGED,
            created_at=now,
        )
        record(actor, "app:create", app, now=now, scope=app.public_id, state=app.state)
    for one in found.described:
        if one.app is None or one.description is None:
            raise AssertionError(f"row {one.number} describes no app")
        before, one.app.description = one.app.description, one.description
        one.app.save(update_fields=["description"])
        record(
            actor, "app:describe", one.app, now=now, scope=one.app.public_id,
            before={"description": before}, after={"description": one.description},
        )  # fmt: skip
