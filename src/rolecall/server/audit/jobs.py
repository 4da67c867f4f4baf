"""The sealer's turn, each minute."""

from pathlib import Path

from django.conf import settings
from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.audit import sealing

__all__ = ["seal"]


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="audit:seal", lock="audit:seal", pass_context=False)
def seal(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Chain what is new, and note the last link outside the database."""
    point = sealing.seal(clock.now())
    if point and settings.CONFIG.audit_checkpoints:
        sealing.append_checkpoint(Path(settings.CONFIG.audit_checkpoints), point)
