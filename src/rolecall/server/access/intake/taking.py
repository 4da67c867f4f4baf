"""Take a `.c1z` in: stage, differ, decide, apply; all of it in one transaction, or nothing.

The app's row is the lock: one file at a time per app. Everything that decides is SQL over whole
tables (`sql/*.sql`, named there); this module is the order of the steps, and what refuses a file
before anything is compared.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import models, transaction

from rolecall.baton.c1z.reader import open_c1z
from rolecall.errors import Conflict, Gone
from rolecall.server.access import changed, matching
from rolecall.server.access.intake import queries
from rolecall.server.access.intake.content import GROUP, ROLE, TYPES, USER, Content
from rolecall.server.access.intake.preview import Preview, measure
from rolecall.server.access.intake.staging import stage
from rolecall.server.access.models import (
    AccountAttributes,
    App,
    Grant,
    Presence,
    ResourcePeriod,
    Sync,
)
from rolecall.server.access.models.apps import OUTSIDE

__all__ = ["Guard", "preview", "take_in"]

Guard = Callable[[Preview], None]
"""Looks at what would change, and raises to have nothing changed."""

_AHEAD: Final = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours."""


@transaction.atomic
def take_in(
    path: Path,
    *,
    app_id: int,
    task_id: str,
    now: datetime,
    guard: Guard | None = None,
    proved: Collection[str] | None = None,
) -> Sync:
    """Apply the newest finished sync of a file to an app; again, if it was applied: nothing.

    Args:
        path: the `.c1z`.
        app_id: key of the app whose workspace it is.
        task_id: the task that brought it.
        now: when.
        guard: see `Guard`; not asked where the content is that of the last sync.
        proved: which of user, group, role are complete although the file is not called full, as
            after a fallback to accounts only; None leaves it to the file.

    Raises:
        Unfinished, Invalid, BadFile: it is no whole sync of an app like this.
        Conflict: a newer one was applied already, or a clock is wrong.
        Gone: there is no such app, or no sync in the file.
        Error: whatever the guard raised.
    """
    app = _locked(app_id)
    with open_c1z(path) as reader:
        content = Content(reader, proved)
        if done := Sync.objects.filter(app=app, baton_id=content.run.sync_id).first():
            return done
        _refuse_the_wrong_time(content, app, now)
        digest = content.digest()
        step = _Step(app=app, content=content, task_id=task_id, now=now, digest=digest)
        if _says_nothing_new(app, digest):
            return step.note({"unchanged": True}, app.last_sync)
        stage(content, app)
        step.differ()
    found = measure(app)
    if guard is not None:
        guard(found)
    return step.apply(found)


def preview(path: Path, *, app_id: int, proved: Collection[str] | None = None) -> Preview:
    """What taking a file in would change, without doing it.

    Raises:
        Unfinished, Invalid, BadFile, Gone: as `take_in`.
    """
    with transaction.atomic():
        app = _locked(app_id)
        with open_c1z(path) as reader:
            content = Content(reader, proved)
            stage(content, app)
            _Step(app=app, content=content, task_id="", now=content.ended_at, digest="").differ()
        found = measure(app)
        transaction.set_rollback(True)
    return found


def _locked(app_id: int) -> App:
    """The app; nobody else takes anything in for it until we are done."""
    rows = App.objects.select_for_update(no_key=True, of=("self",)).select_related("last_sync")
    if (app := rows.filter(pk=app_id).first()) is None:
        raise Gone("There is no such app.", hint="It may have been deleted; look at Apps.")
    return app


def _refuse_the_wrong_time(content: Content, app: App, now: datetime) -> None:
    """Only what was read after the last applied sync says how things are now."""
    last = app.last_sync
    if last is not None and content.started_at < last.ended_at:
        raise Conflict(
            f"This sync began at {content.started_at:%Y-%m-%d %H:%M:%S} UTC, before the last one"
            f" that was applied had ended ({last.ended_at:%Y-%m-%d %H:%M:%S}).",
            hint="Nothing was changed. Sync again.",
        )
    if content.ended_at > now + _AHEAD:
        raise Conflict(
            f"This sync says it ended at {content.ended_at:%Y-%m-%d %H:%M:%S} UTC; it is"
            f" {now:%Y-%m-%d %H:%M:%S} here.",
            hint="Set the clock of the machine that runs the connector, then sync again.",
        )


def _says_nothing_new(app: App, digest: str) -> bool:
    """Whether the app is still as the last sync left it, and this one says the same."""
    last = app.last_sync
    if last is None or last.digest != digest:
        return False
    return not any(
        rows.filter(OUTSIDE, observed_at__gt=last.started_at).exists()
        for rows in (
            Presence.objects,
            AccountAttributes.objects,
            Grant.objects,
            ResourcePeriod.objects,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One file, staged: what is left is to compare, and to apply."""

    app: App
    content: Content
    task_id: str
    now: datetime
    digest: str

    def differ(self) -> None:
        """Fill the tables of differences."""
        values = self._values()
        for name in queries.names("differ"):
            queries.run("differ", name, values)

    def apply(self, found: Preview) -> Sync:
        """Move the periods, keep the columns of current facts, write the feed."""
        sync = self.note(found.as_json())
        values = self._values() | {"sync": sync.pk}
        for name in queries.names("apply"):
            queries.run("apply", name, values)
        read = [pk for (pk,) in queries.rows("stage", "described")]
        matching.settle(read, now=self.now)
        if sync.number > 1:
            for name in queries.names("feed"):
                queries.run("feed", name, values)
        changed.tell(self.app, since=self.content.started_at)
        return sync

    def note(self, counts: Mapping[str, Any], same: Sync | None = None) -> Sync:
        """The row of this sync, which is the app's last one from now on.

        Args:
            counts: what it changed.
            same: the one with the same content, if it was not staged: complete in the same types.
        """
        complete = same.complete_types if same else list(self.content.complete)
        newest = Sync.objects.filter(app=self.app).aggregate(last=models.Max("number"))["last"]
        full = len(complete) == len(TYPES)
        sync = Sync.objects.create(
            app=self.app,
            number=(newest or 0) + 1,
            baton_id=self.content.run.sync_id,
            started_at=self.content.started_at,
            ended_at=self.content.ended_at,
            completeness=Sync.Completeness.FULL if full else Sync.Completeness.PARTIAL,
            complete_types=complete,
            digest=self.digest,
            counts={
                **counts,
                "held_by_groups": self.content.held_by_groups,
                "held_by_strangers": sum(self.content.strangers.values()),
            },
            task_id=self.task_id,
            applied_at=self.now,
        )
        App.objects.filter(pk=self.app.pk).update(last_sync=sync)
        return sync

    def _values(self) -> dict[str, Any]:
        """The parameters of all statements: which app, which sync, and the moments of reading.

        Where nothing of a kind was found, that was known at the end at the latest.
        """
        content, ended = self.content, self.content.ended_at
        users_at = content.read_at.get(USER, ended)
        groups_at = content.read_at.get(GROUP, ended)
        return {
            "app": self.app.pk,
            "last": self.app.last_sync_id,
            "started": content.started_at,
            "complete": list(content.complete),
            "users_complete": USER in content.complete,
            "users_at": users_at,
            "groups_at": groups_at,
            "roles_at": content.read_at.get(ROLE, ended),
            "memberships_at": content.granted_at.get(GROUP, groups_at),
            "holdings_at": content.granted_at.get(ROLE, users_at),
            "ended": ended,
        }
