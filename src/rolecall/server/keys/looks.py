"""Secrets taken out of a text by how they look, whoever wrote it."""

import re
from typing import Final

__all__ = ["without_secrets"]

_SECRET: Final = re.compile(
    r"(?P<before>/login/link/|\b(?:ntn|secret|rck)_|\bBearer |://[^\s/:@\"']*:)[^\s\"'@\\]+"
)
"""Links that log in, Notion's tokens, our own API keys, bearer tokens, passwords in addresses."""
_JWT: Final = re.compile(r"\b(eyJ[\w-]{5,}\.)[\w-]+\.[\w-]*")
"""Assertions that a connector signs."""
_CLIENT: Final = re.compile(r"(:v1:)[\w-]{20,}")
"""A client secret of Baton's: its last part is a private key."""


def without_secrets(text: str) -> str:
    """The text with `[secret]` in the place of each."""
    text = _SECRET.sub(r"\g<before>[secret]", text)
    return _CLIENT.sub(r"\1[secret]", _JWT.sub(r"\1[secret]", text))
