"""Sessions in the database, of which a dump lets nobody in.

A row is found by the digest of the key in the cookie, and its data is sealed: while somebody sets
up a second factor, the factor is in it. Whose it is, and in which browser, stands beside it.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from rolecall.errors import BadConfig
from rolecall.server import clock
from rolecall.server.people.models import Session
from rolecall.server.people.sealed import open_text, seal_text

__all__ = ["SessionStore", "owner_of"]

_AAD = "people.session"
_ROW_KEY = 40
"""Characters that Django's column has: 160 bits of the digest."""
_KEPT = ("public_id", "began_at", "seen_at", "ip", "browser")
_NOTED_EACH: Final = timedelta(minutes=1)


class SessionStore(db.SessionStore):
    """What Django's middleware uses, which finds it by the name of this module."""

    row: Session | None = None
    """As it was read or written last."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """A row that knows whose it is."""
        return Session

    def exists(self, session_key: str) -> bool:
        """Whether there is a row for this key."""
        return super().exists(_row_key(session_key))

    def create(self) -> None:
        """Another row, in the same browser: somebody logs in, or has a new password."""
        if self.row:
            self.row = Session(ip=self.row.ip, browser=self.row.browser, **_begun())
        super().create()

    def delete(self, session_key: str | None = None) -> None:
        """Drop the row of this key, or of this session."""
        if key := session_key or self.session_key:
            super().delete(_row_key(key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row as it is saved."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.session_key = _row_key(row.session_key)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        known = self.row or Session(**_begun())
        for name in _KEPT:
            setattr(row, name, getattr(known, name))
        self.row = row
        return row

    def note(self, *, ip: str | None, browser: str, now: datetime) -> None:
        """Write down that it was used, once a minute or when it comes from elsewhere."""
        row = self.row
        if row is None or (row.ip == ip and now - row.seen_at < _NOTED_EACH):
            return
        row.ip, row.browser, row.seen_at = ip, browser, now
        Session.objects.filter(pk=row.pk).update(ip=ip, browser=browser, seen_at=now)

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
        self.row = row
        return row


def owner_of(key: str) -> int | None:
    """Whose session this key in a cookie was, also when its time is over; the user's row.

    None: nobody had been let in by it, it was ended by somebody, or it is long forgotten.
    """
    return Session.objects.filter(session_key=_row_key(key)).values_list("user", flat=True).first()


def _begun() -> dict[str, datetime]:
    now = clock.now()
    return {"began_at": now, "seen_at": now}


def _row_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_ROW_KEY]
