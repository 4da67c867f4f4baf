"""A form that came after its sender's session had ended: kept until they are in again.

Nothing of it is done before they look at it and send it once more. It lies in the session, which
is sealed, and is shown to nobody else; secrets and files are not kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from rolecall.server.people.sessions import owner_of

__all__ = ["Unsent", "drop", "keep", "kept"]

_KEY: Final = "unsent"
_MOST: Final = 64 << 10
"""Characters of a form that are kept; of a larger one it is only said that it did not arrive."""
_SECRET: Final = re.compile("password|token|secret|api_key|csrf|^code$")
_MADE: Final = re.compile(r"[a-z]{3}_\w{20,}|[a-z]+(_[a-z]+)+")
"""A public id, or a word of ours: nobody typed it."""


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """What somebody sent in vain."""

    path: str
    """Where it was to go."""
    back: str
    """The page on which it was filled in; empty if the browser does not say."""
    fields: tuple[tuple[str, str], ...]
    """Name and value, in their order; of a form that is too large none."""
    missing: bool
    """Whether it had a secret or a file too, or was too large: then it is not whole."""

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What a person may recognise: fields that hold a text of theirs."""
        return [(n, value) for n, value in self.fields if value and not _MADE.fullmatch(value)]


def keep(request: HttpRequest) -> bool:
    """Keep the form of this request for the user whose session has run out in this browser.

    Nothing of anybody else: a stranger has typed nothing here, and does not fill our database; and
    a session that somebody has ended leaves nothing behind.

    Returns:
        Whether there is something to come back to.
    """
    owner = owner_of(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
    if owner is None:
        return False
    fields = list(_fields(request))
    whole = sum(len(name) + len(value) for name, value in fields) <= _MOST
    secrets = any(_SECRET.search(name) and request.POST[name] for name in _names(request))
    request.session[_KEY] = {
        "owner": owner,
        "path": request.path,
        "back": _page_of(request),
        "fields": fields if whole else [],
        "missing": bool(secrets or request.FILES or not whole),
    }
    return True


def kept(request: HttpRequest) -> Unsent | None:
    """What was kept for who asks, or None."""
    found = request.session.get(_KEY)
    if found is None or found["owner"] != request.user.pk:
        return None
    fields = tuple((name, value) for name, value in found["fields"])
    return Unsent(path=found["path"], back=found["back"], fields=fields, missing=found["missing"])


def drop(request: HttpRequest) -> None:
    """Forget it."""
    request.session.pop(_KEY, None)


def _fields(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name in _names(request):
        if not _SECRET.search(name):
            for value in request.POST.getlist(name):
                yield name, str(value)


def _page_of(request: HttpRequest) -> str:
    came = urlsplit(request.headers.get("Referer", ""))
    return came.path if came.netloc == request.get_host() else ""


def _names(request: HttpRequest) -> list[str]:
    return [name for name in request.POST if name != "csrfmiddlewaretoken"]
