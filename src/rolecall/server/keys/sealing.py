"""Seal what must not be readable in the database, and open it again.

AES-256-GCM, a random nonce for each sealing, and the id of the row as associated data: what was
sealed for one row cannot be moved to another. The keys are in a file outside the database, which is
read again whenever it changes, so that a rotation needs no restart.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from rolecall.errors import BadConfig

__all__ = ["NONCE_BYTES", "Keyring", "keyring", "seal", "unseal"]

NONCE_BYTES = 12
"""As NIST SP 800-38D wants it; in front of the sealed bytes."""


@dataclass(frozen=True)
class Keyring:
    """The keys as they are in the file now."""

    active: str
    keys: dict[str, AESGCM]


def seal(plain: bytes, aad: bytes) -> tuple[str, bytes]:
    """The id of the key that was used, and the sealed bytes.

    Args:
        plain: the secret.
        aad: names the row that it belongs to, and that alone.
    """
    ring, nonce = keyring(), os.urandom(NONCE_BYTES)
    return ring.active, nonce + ring.keys[ring.active].encrypt(nonce, plain, aad)


def unseal(key_id: str, sealed: bytes, aad: bytes) -> bytes:
    """The secret.

    Raises:
        BadConfig: its key is not in the keys file, or the bytes are not what was sealed for this
            row with that key.
    """
    key = keyring().keys.get(key_id)
    if key is None:
        raise BadConfig(
            f"A secret is sealed with the key {key_id}, which the keys file does not hold.",
            hint="Restore the keys file from its backup.",
        )
    try:
        return key.decrypt(bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:]), aad)
    except InvalidTag as error:
        raise BadConfig(
            "A secret cannot be opened: it was changed in the database, moved to another row, "
            f"or the key {key_id} of the keys file is not the one it was sealed with.",
            hint="Restore the keys file that belongs to this database, or enter the secret again.",
        ) from error


def keyring() -> Keyring:
    """The keys of the file as it is now.

    Raises:
        BadConfig: it cannot be read, or is not a keys file.
    """
    path = Path(settings.CONFIG.keys_file)
    try:
        found = path.stat()
    except OSError as error:
        raise BadConfig(
            f"The keys file {path} cannot be read: {error.strerror}.",
            hint="Restore it from its backup.",
        ) from error
    return _read(str(path), found.st_ino, found.st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: str, inode: int, changed: int) -> Keyring:
    del path, inode, changed  # they are what the cache goes by
    keys = settings.CONFIG.read_keys()
    made = {name: AESGCM(material) for name, material in keys.material().items()}
    return Keyring(active=keys.active, keys=made)
