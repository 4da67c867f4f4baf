"""Sealed text: for columns of other people's tables, which have no place for a key's id."""

import base64

from rolecall.server.keys.sealing import seal, unseal

__all__ = ["open_text", "seal_text"]


def seal_text(plain: str, aad: str) -> str:
    """`key id:sealed bytes in base64`."""
    key_id, sealed = seal(plain.encode(), aad.encode())
    return f"{key_id}:{base64.b64encode(sealed).decode()}"


def open_text(sealed: str, aad: str) -> str:
    """What was sealed.

    Raises:
        BadConfig: the key is not there, or the text is not what was sealed with it.
        ValueError: it never was sealed text.
    """
    key_id, _, text = sealed.partition(":")
    return unseal(key_id, base64.b64decode(text, validate=True), aad.encode()).decode()
