"""Public ids: what stands in addresses, files and the API instead of database keys.

A public id is a prefix that names the noun, and 22 letters and digits of 128 random bits, so that
it can neither be counted nor guessed: `app_5cWJ0…`.
"""

import secrets
import string
from typing import TYPE_CHECKING, Any

from django.db import models

__all__ = ["PublicIdField", "new_id", "new_ids"]

_ALPHABET = string.digits + string.ascii_letters
_LENGTH = 22
"""62 ** 22 is a little over 2 ** 130."""
_LETTERS = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))
_UNFAIR = bytes(range(256 - 256 % len(_ALPHABET), 256))


def new_id(prefix: str) -> str:
    """A new public id with this prefix."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"


def new_ids(prefix: str, count: int) -> list[str]:
    """Many at once: a hundred thousand in some 20 ms."""
    drawn = ""
    while len(drawn) < count * _LENGTH:
        # 248 is 4 * 62: bytes above it would make some letters likelier, and are left out.
        raw = secrets.token_bytes(count * _LENGTH + 64)
        drawn += raw.translate(_LETTERS, _UNFAIR).decode("ascii")
    return [f"{prefix}_{drawn[at : at + _LENGTH]}" for at in range(0, count * _LENGTH, _LENGTH)]


if TYPE_CHECKING:
    _Text = models.CharField[str, str]
else:
    _Text = models.CharField


class PublicIdField(_Text):
    """A unique column that fills itself with a new public id."""

    def __init__(self, prefix: str = "", **options: Any) -> None:  # noqa: ANN401 - Django's own
        self.prefix = prefix
        options |= {"max_length": 40, "unique": True, "editable": False}
        super().__init__(**options)

    def db_type(self, connection: Any) -> str:  # noqa: ANN401, ARG002 - Django's own
        """Said in full, because for a `varchar` Django adds a second index, for LIKE."""
        return f"character varying({self.max_length})"

    def deconstruct(self) -> Any:  # noqa: ANN401 - Django's own
        """What a migration needs to make the column again."""
        name, path, args, options = super().deconstruct()
        return (
            name,
            path,
            args,
            {"prefix": self.prefix}
            | {
                key: value
                for key, value in options.items()
                if key not in {"max_length", "unique", "editable"}
            },
        )

    def get_default(self) -> str:
        """A new id for each row."""
        return new_id(self.prefix)
