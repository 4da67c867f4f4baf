"""Sessions in the database, of which a dump lets nobody in.

A row is found by the digest of the key in the cookie, and its data is sealed: while somebody sets
up a second factor, the factor is in it.
"""

import hashlib
import json
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from rolecall.errors import BadConfig
from rolecall.server import clock
from rolecall.server.people.sealed import open_text, seal_text

__all__ = ["SessionStore"]

_AAD = "people.session"
_ROW_KEY = 40
"""Characters that Django's column has: 160 bits of the digest."""


class SessionStore(db.SessionStore):
    """What Django's middleware uses, which finds it by the name of this module."""

    def exists(self, session_key: str) -> bool:
        """Whether there is a row for this key."""
        return super().exists(_row_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Drop the row of this key, or of this session."""
        if key := session_key or self.session_key:
            super().delete(_row_key(key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row as it is saved."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.session_key = _row_key(row.session_key)
        return row

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Sealed."""
        return seal_text(json.dumps(session_dict), _AAD)

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Opened; nothing, where it cannot be: then somebody logs in again."""
        try:
            opened: dict[str, Any] = json.loads(open_text(str(session_data), _AAD))
        except (ValueError, BadConfig):
            return {}
        return opened

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        row = (
            Session.objects.filter(session_key=_row_key(key), expire_date__gt=clock.now()).first()
            if key
            else None
        )
        if row is None:
            self._session_key = None
        return row


def _row_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_ROW_KEY]
