"""The signature under an evidence file: its last bytes, over all bytes before them.

One fixed line of ASCII, whatever the form of the file: the last line of a CSV, the comment of an
XLSX's ZIP archive, a comment after the end of a PDF. Every character of it is decided by the file
and the key, so no byte of a file can change without being noticed. Reads files; knows no database.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rolecall.errors import BadConfig, BadFile, BrokenChain

__all__ = ["LINE_BYTES", "Signed", "public_key", "read_key", "signature_line", "verify"]

_CONTEXT: Final = b"rolecall-evidence-1 "
"""Before the digest in what is signed, so that the key's signatures mean nothing elsewhere."""
_LINE: Final = re.compile(
    rb"# rolecall-evidence-1 sha256:([0-9a-f]{64}) key:([0-9a-f]{64}) ed25519:([0-9a-f]{128})\n"
)
LINE_BYTES: Final = 22 + 7 + 64 + 5 + 64 + 9 + 128 + 1
"""How long the line is; a PDF's reader looks for its end in the last 1024 bytes."""
_KEY: Final = re.compile("[0-9a-f]{64}")
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A file that is as it was signed."""

    sha256: str
    """Over all bytes before the signature, in hexadecimal; the audit row of the export has it."""
    key: str
    """The public key it was signed with, in hexadecimal."""
    known: bool
    """Whether that is a key that the reader named; if not, anybody may have signed it."""


def public_key(seed: bytes) -> str:
    """The public half of a key, in hexadecimal.

    Args:
        seed: the private half, 32 bytes (RFC 8032).
    """
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def signature_line(sha256: str, seed: bytes) -> bytes:
    """The line to put under a file; `LINE_BYTES` long.

    Args:
        sha256: over everything before the line, in hexadecimal.
        seed: the private half of the key, 32 bytes.
    """
    signed = Ed25519PrivateKey.from_private_bytes(seed).sign(_CONTEXT + bytes.fromhex(sha256))
    key = public_key(seed)
    return f"# rolecall-evidence-1 sha256:{sha256} key:{key} ed25519:{signed.hex()}\n".encode()


def read_key(text: str) -> str:
    """A public key that somebody typed.

    Raises:
        BadConfig: it is none.
    """
    key = text.strip().lower()
    if not _KEY.fullmatch(key):
        raise BadConfig(
            f"{text.strip()!r} is no public key.",
            hint="It has 64 hexadecimal digits; `rolecall keys evidence` prints it.",
        )
    return key


def verify(path: Path, keys: tuple[str, ...] = ()) -> Signed:
    """Whether a file is byte for byte as it was signed, and by whom.

    Args:
        path: the file, of any form.
        keys: the public keys that the reader trusts; without one, any is taken and called unknown.

    Raises:
        BadConfig: it cannot be read.
        BadFile: it ends with no signature.
        BrokenChain: it is not as it was signed, or signed with another key.
    """
    try:
        with path.open("rb") as file:
            digest, line = _parts(file, path.stat().st_size)
    except OSError as error:
        raise BadConfig(
            f"{path} cannot be read: {error.strerror}.", hint="Check its name and your rights."
        ) from error
    if (found := _LINE.fullmatch(line)) is None:
        raise BadFile(
            f"{path.name} ends with no signature of Rolecall.",
            hint="It is no evidence file, was cut off, or was saved by another program: ask for "
            "the file as it was exported.",
        )
    said, key, signature = (part.decode() for part in found.groups())
    _judge(path.name, digest, said=said, key=key, signature=signature)
    if keys and key not in keys:
        raise BrokenChain(
            f"{path.name} is signed with the key {key}, which is not the one you named.",
            hint="Ask whoever runs that installation for the keys it has had.",
        )
    return Signed(sha256=digest, key=key, known=bool(keys))


def _parts(file: IO[bytes], size: int) -> tuple[str, bytes]:
    """The digest over everything before the last line, and that line."""
    summed, left = hashlib.sha256(), max(0, size - LINE_BYTES)
    while left and (data := file.read(min(left, _CHUNK))):
        summed.update(data)
        left -= len(data)
    return summed.hexdigest(), file.read(LINE_BYTES + 1)


def _judge(name: str, digest: str, *, said: str, key: str, signature: str) -> None:
    """Raises BrokenChain: the line does not fit the file, or the signature not the key."""
    if digest != said:
        raise BrokenChain(
            f"{name} was changed after it was signed: its digest is {digest}, and {said} was "
            "signed.",
            hint="Do not rely on it; ask for the file as it was exported.",
        )
    try:
        signer = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        signer.verify(bytes.fromhex(signature), _CONTEXT + bytes.fromhex(digest))
    except (InvalidSignature, ValueError) as error:
        raise BrokenChain(
            f"The signature of {name} was not made with the key it names.",
            hint="Do not rely on it; ask for the file as it was exported.",
        ) from error
