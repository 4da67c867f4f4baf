"""The browsers in which a user is logged in: listed, and ended one by one.

Ending all of them is `users.end_sessions`. A browser is called what it says of itself, which is
good enough to recognise one's own by, and proves nothing.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth import HASH_SESSION_KEY
from django.db import transaction

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import Session, User
from rolecall.server.people.permissions import require
from rolecall.server.people.sessions import SessionStore
from rolecall.server.people.users import load

__all__ = ["browser_name", "end", "forget", "logged_in"]

_SHOWN: Final = 100
_KNOWN: Final = timedelta(days=1)
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/|FxiOS", "Firefox"),
    ("Chrome/|CriOS|Chromium", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""Part of what it says → its name, in this order: most say that they are others, too."""
_SYSTEMS: Final = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_name(agent: str) -> str:
    """Firefox on Linux, from what a browser says of itself; a program by its first word."""
    browser, system = _first(_BROWSERS, agent), _first(_SYSTEMS, agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent.split("/", maxsplit=1)[0][:40] or "Unknown browser"


def logged_in(user: User, now: datetime) -> list[Session]:
    """The sessions of a user that go on, at most 100, the one used last first.

    One that a new password has ended is none of them, though its row stays until it is cleared.
    """
    rows = Session.objects.filter(user=user, expire_date__gt=now)[:_SHOWN]
    good = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    store = SessionStore()
    return [row for row in rows if store.decode(row.session_data).get(HASH_SESSION_KEY) in good]


@transaction.atomic
def end(actor: Actor, user: str, session: str, *, now: datetime) -> User:
    """Log a user out of one browser: oneself, or, for super administrators, anybody.

    Raises:
        NotAllowed: it is somebody else.
        Gone: there is no such user, or they are not logged in there.
    """
    found = load(user)
    if found.pk != actor.user:
        require(actor, "user:edit")
    row = Session.objects.select_for_update().filter(user=found, public_id=session).first()
    if row is None:
        raise Gone("This session has ended already.", hint="Look at those that go on.")
    row.delete()
    name = browser_name(row.browser)
    record(actor, "user:session:end", found, now=now, session=session, browser=name)
    return found


def forget(now: datetime) -> int:
    """Drop the sessions that have been over for a day; how many.

    Until then it is known whose they were, for what is sent from a page that stayed open.
    """
    return Session.objects.filter(expire_date__lte=now - _KNOWN).delete()[0]


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in known if re.search(pattern, agent)), "")
