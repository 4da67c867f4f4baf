"""Carry a list of apps out: the file is kept for an hour between the preview and the yes."""

from datetime import datetime
from typing import Final

from django.db import connection, transaction

from rolecall.server.access.models import App
from rolecall.server.access.unmanaged.reading import Plan, plan
from rolecall.server.audit.trail import Actor, record
from rolecall.server.files import previews
from rolecall.server.people.permissions import require

__all__ = ["apply", "look", "preview"]

_KIND: Final = "apps"


@transaction.atomic
def preview(actor: Actor, data: bytes, *, name: str, now: datetime) -> str:
    """Keep a file, to be looked at; nothing is changed. Its public id.

    Raises:
        NotAllowed: the actor may not add apps.
        Invalid: it is no such file at all.
    """
    require(actor, "app:create")
    plan(data)
    return previews.keep(data, kind=_KIND, name=name, now=now)


def look(actor: Actor, file: str, *, now: datetime) -> Plan:
    """What a kept file would change by now.

    Raises:
        NotAllowed: the actor may not add apps.
        Gone: there is no such file any more.
    """
    require(actor, "app:create")
    return plan(previews.content(previews.kept(file, kind=_KIND, now=now)))


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
    kept = previews.kept(file, kind=_KIND, now=now)
    with connection.cursor() as cursor:  # from here on nobody else names apps
        cursor.execute("LOCK TABLE access_app IN SHARE ROW EXCLUSIVE MODE")
    found = plan(previews.content(kept))
    previews.agreed("Apps", faulty=bool(found.faults), same=found.digest == digest)
    _carry_out(actor, found, now)
    record(
        actor, "app:import", None, now=now, file=kept.name, sha256=kept.sha256,
        added=len(found.added), described=len(found.described),
    )  # fmt: skip
    kept.delete()
    return found


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
