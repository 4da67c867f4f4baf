"""Makes the keys file, and adds a new key to it; `config.Keys` says what is in it.

Whoever has this file and the database can read every secret; without it nobody can. So it is never
part of the database's backup, and only its owner can read it.
"""

import base64
import os
import secrets
import tempfile
from pathlib import Path

import msgspec

from rolecall.server.project.config import Keys
from rolecall.server.project.processes import SystemUser, give

__all__ = ["fresh", "with_new_evidence_key", "with_new_key", "write"]


def fresh() -> Keys:
    """Keys for a new installation."""
    return Keys(
        active="k1",
        keys={"k1": _key()},
        signing=[secrets.token_urlsafe(48)],
        evidence=_key(),
    )


def with_new_key(keys: Keys) -> Keys:
    """The same keys, and a new one that encrypts from now on."""
    number = 1 + max((int(name[1:]) for name in keys.keys if name[1:].isdecimal()), default=0)
    return Keys(
        active=f"k{number}",
        keys={**keys.keys, f"k{number}": _key()},
        signing=keys.signing,
        evidence=keys.evidence,
    )


def with_new_evidence_key(keys: Keys) -> Keys:
    """The same keys, and another one to sign evidence with."""
    return msgspec.structs.replace(keys, evidence=_key())


def write(path: Path, keys: Keys, owner: SystemUser | None) -> None:
    """Replace the file at once and for good; only its owner can read it.

    Args:
        path: of the file.
        keys: what it shall hold.
        owner: who must read it; None is whoever we are.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(keys)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        give(draft, owner, 0o600)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
