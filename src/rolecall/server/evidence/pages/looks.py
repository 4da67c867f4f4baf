"""How a large evidence file looks: its state, and what it is."""

from datetime import datetime
from types import MappingProxyType
from typing import Final

from rolecall.server.evidence.models import EXPIRED, EvidenceFile
from rolecall.server.tables.look import Look, exact

__all__ = ["file_look", "file_words"]

_WAITING: Final = Look(word="Waiting for a worker", tone="busy", icon="clock")
_LOOKS: Final = MappingProxyType({
    EvidenceFile.State.MAKING: Look(word="Being made", tone="busy", icon="turning"),
    EvidenceFile.State.READY: Look(word="Ready", tone="good", icon="done"),
    EvidenceFile.State.FAILED: Look(word="Not made", tone="bad", icon="failed"),
    EXPIRED: Look(word="Not kept any more", tone="idle", icon="clock"),
})  # fmt: skip


def file_look(file: EvidenceFile, now: datetime) -> Look:
    """How far it is."""
    state = file.standing(now)
    waits = state == EvidenceFile.State.MAKING and file.started_at is None
    return _WAITING if waits else _LOOKS[state]


def file_words(file: EvidenceFile) -> str:
    """What it says, in which form; moments in the viewer's zone."""
    until, form = exact(file.until), file.form.upper()
    if file.since is None:
        return f"access on {until}, as {form}"
    return f"changes from {exact(file.since)} to {until}, as {form}"
