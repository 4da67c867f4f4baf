"""The evidence file that an id names, for somebody who may have it: one door for pages and API.

It holds the access of some apps at once. So whoever may not take along that of each of them, any
more or yet, does not get it, whoever asked for it.
"""

from django.db.models import QuerySet

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.subject import ACTION
from rolecall.server.people.permissions import NOWHERE, require, scopes_of

__all__ = ["file_for", "files_of", "insist"]


def file_for(actor: Actor, public_id: str) -> EvidenceFile:
    """A file that was asked for, however far it is.

    Raises:
        NotAllowed: the actor may not take along what is in it.
        Gone: there is none.
    """
    found = _rows().filter(public_id=public_id).first()
    if found is None:
        require(actor, ACTION, NOWHERE)
        raise Gone("There is no such file.", hint="Look for it on the page Evidence.")
    insist(actor, found)
    return found


def files_of(actor: Actor) -> QuerySet[EvidenceFile]:
    """Those that the actor, or a program of theirs, has asked for; the newest first.

    Raises:
        NotAllowed: the actor may take along nothing.
    """
    require(actor, ACTION)
    return _rows().filter(user=actor.user)


def insist(actor: Actor, file: EvidenceFile) -> None:
    """Whether an actor may have what is in a file.

    Raises:
        NotAllowed: they may not.
    """
    require(actor, ACTION)
    if file.person_id is not None:
        require(actor, "person:read")
    allowed = scopes_of(actor, ACTION)
    if allowed is not None and not allowed.issuperset(file.scopes):
        require(actor, ACTION, NOWHERE)


def _rows() -> QuerySet[EvidenceFile]:
    return EvidenceFile.objects.select_related("app", "person", "user", "key", "file")
