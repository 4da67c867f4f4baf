"""Everything that is sealed, sealed again with the key that is active now.

Each noun that keeps sealed rows registers a function that seals its rows again; this one knows no
rows. Processes that run read a changed keys file by themselves. Older keys stay in the file: what
was being sealed in that very moment needs them, and so does a backup of the database.
"""

from collections.abc import Callable

from django.db import transaction

from rolecall.server.keys.sealing import keyring

__all__ = ["Reseal", "register", "reseal"]

Reseal = Callable[[str], int]
"""Seals every row again that is not sealed with this key id; returns how many."""

_resealers: dict[str, Reseal] = {}


def register(noun: str, reseal: Reseal) -> None:
    """Have this noun's rows sealed again by every rotation."""
    _resealers[noun] = reseal


@transaction.atomic
def reseal() -> dict[str, int]:
    """Seal every secret with the active key; rows by noun.

    Called after a new key was put into the keys file. All or nothing: whatever interrupts it, every
    secret can still be opened, and running it again finishes it.

    Raises:
        BadConfig: the keys file cannot be read, or a row cannot be opened.
    """
    active = keyring().active
    return {noun: again(active) for noun, again in sorted(_resealers.items())}
