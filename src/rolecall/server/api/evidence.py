"""Evidence: signed files to take along, and everything that one person holds."""

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query as Wanted
from ninja import Router, Schema, Status

from rolecall.errors import Gone
from rolecall.server import clock
from rolecall.server.access.holdings import Held, Holdings, Place, holdings
from rolecall.server.access.models import App
from rolecall.server.api.accounts import AccountName, EntitlementName
from rolecall.server.api.apps import SyncOut
from rolecall.server.api.door import FAULTS, actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Moment, Problem
from rolecall.server.evidence.asking import ask
from rolecall.server.evidence.export import FORMS, Asked, Form
from rolecall.server.evidence.finding import file_for, files_of
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.sending import kept, sent
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import require

__all__ = [
    "AppName",
    "EvidenceIn",
    "EvidenceOut",
    "HeldOut",
    "HoldingsOut",
    "PlaceOut",
    "SinceOut",
    "download_evidence",
    "export_app",
    "export_person",
    "get_evidence",
    "get_holdings",
    "list_evidence",
    "of_apps",
    "of_people",
    "router",
]

router = Router(tags=["evidence"])
of_apps = Router(tags=["evidence"])
of_people = Router(tags=["evidence"])
_FILE: Final = {
    "responses": {
        200: {
            "description": "The file; `rolecall verify` proves it.",
            "content": {
                media_type.partition(";")[0]: {"schema": {"type": "string"}}
                for _write, media_type in FORMS.values()
            },
        }
    }
}


class EvidenceIn(Schema):
    """What the file shall say."""

    form: Form = "csv"
    until: Moment | None = None
    """The moment; of changes, the second one. Null is: now."""
    since: Moment | None = None
    """The first moment. Null is: no changes, but access as of the moment."""


class EvidenceOut(Schema):
    """A large file, which a worker makes."""

    id: str
    app: str | None
    """Public id; null is: of a person."""
    person: str | None
    form: str
    since: datetime | None
    until: datetime
    state: str
    """making; ready; failed, and `why` says the cause; expired: ready once, and not kept now."""
    why: str
    rows: int
    """So far."""
    rows_expected: int
    name: str
    """Of the file; empty until it is ready."""
    bytes: int | None
    sha256: str
    """Over all bytes before the signature, in hexadecimal."""
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None

    @staticmethod
    def resolve_id(row: EvidenceFile) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_app(row: EvidenceFile) -> str | None:
        """The public id."""
        return row.about.get("app")

    @staticmethod
    def resolve_person(row: EvidenceFile) -> str | None:
        """The public id."""
        return row.about.get("person")

    @staticmethod
    def resolve_state(row: EvidenceFile) -> str:
        """As of now."""
        return row.standing(clock.now())

    @staticmethod
    def resolve_bytes(row: EvidenceFile) -> int | None:
        """Of what is kept."""
        return row.file.bytes if row.file else None

    @staticmethod
    def resolve_asked_by(row: EvidenceFile) -> str:
        """A name."""
        return str(row.user)


class AppName(Schema):
    """An app, from somewhere else."""

    id: str
    name: str

    @staticmethod
    def resolve_id(row: App) -> str:
        """The public one."""
        return row.public_id


class SinceOut(Schema):
    """A role or group, and since when."""

    entitlement: EntitlementName
    from_at: datetime


class HeldOut(Schema):
    """An account that was there, as it was described then, and what it held."""

    account: AccountName
    name: str
    email: str
    status: str
    from_at: datetime
    matched: str
    """now; later: known to be theirs only after that moment; before: theirs then, and not now."""
    roles: list[SinceOut]
    groups: list[SinceOut]

    @staticmethod
    def resolve_from_at(row: Held) -> datetime:
        """Since when it was there."""
        return row.there.from_at


class PlaceOut(Schema):
    """One app, and what is known of that moment there."""

    app: AppName
    sync: SyncOut | None
    """The last one that had ended; null is: nothing is known of that moment."""
    age_s: float | None
    reading: SyncOut | None
    """The one that was being read just then: a part of what it found is in already."""
    accounts: list[HeldOut]
    ended: list[AccountName]
    """Accounts of theirs that were not there then."""

    @staticmethod
    def resolve_age_s(row: Place) -> float | None:
        """How old the sync's news were."""
        return row.age.total_seconds() if row.age is not None else None


class HoldingsOut(Schema):
    """Everything that one person held, in the apps that the caller may see."""

    at: datetime
    places: list[PlaceOut]
    elsewhere: list[PlaceOut]
    """Apps that were looked at, and have no account of theirs."""
    more: bool
    """Whether there were more than 1000 roles and groups; `list_access` of each account has all."""


Answer = StreamingHttpResponse | Status[EvidenceFile]
_ANSWERS: Final = {202: EvidenceOut, FAULTS: Problem}


def _asked(request: HttpRequest, said: EvidenceIn, **about: str) -> Answer:
    now = clock.now()
    asked = Asked(form=said.form, since=said.since, until=said.until or now, **about)
    made = ask(actor_of(request), asked, now=now)
    return Status(202, made) if isinstance(made, EvidenceFile) else sent(made)


@of_apps.post("/{app}/evidence", response=_ANSWERS, openapi_extra=_FILE)
def export_app(request: HttpRequest, app: Id, said: EvidenceIn) -> Answer:
    """A signed file of who has access to an app, or of what changed there; 202: it is large."""
    return _asked(request, said, app=app)


@of_people.post("/{person}/evidence", response=_ANSWERS, openapi_extra=_FILE)
def export_person(request: HttpRequest, person: Id, said: EvidenceIn) -> Answer:
    """A signed file of what one person holds everywhere, or of what changed; 202: it is large."""
    return _asked(request, said, person=person)


@router.get("", response=answers(Page[EvidenceOut]))
def list_evidence(request: HttpRequest, window: Wanted[Window]) -> Cut[EvidenceFile]:
    """The large files that oneself asked for, the newest first."""
    return cut(files_of(actor_of(request)), window, by="pk", newest_first=True)


@router.get("/{evidence}", response=answers(EvidenceOut))
def get_evidence(request: HttpRequest, evidence: Id) -> EvidenceFile:
    """How far a large file is."""
    return file_for(actor_of(request), evidence)


@router.get("/{evidence}/content", response={FAULTS: Problem}, openapi_extra=_FILE)
def download_evidence(request: HttpRequest, evidence: Id) -> StreamingHttpResponse:
    """A large file that is ready."""
    return kept(actor_of(request), evidence, now=clock.now())


@of_people.get("/{person}/access", response=answers(HoldingsOut))
def get_holdings(request: HttpRequest, person: Id, at: Moment | None = None) -> dict[str, Any]:
    """What one person holds in every app, now or at a moment."""
    actor = actor_of(request)
    require(actor, "person:read")
    found = Person.objects.filter(public_id=person).first()
    if found is None:
        raise Gone("There is no such person.")
    moment = at or clock.now()
    held: Holdings = holdings(actor, found, moment)
    return {"at": moment, "places": held.places, "elsewhere": held.elsewhere, "more": held.more}
