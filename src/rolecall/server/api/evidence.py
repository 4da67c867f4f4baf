"""Evidence: signed files to take along, and everything that one person holds."""

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router, Schema

from rolecall.errors import Gone
from rolecall.server import clock
from rolecall.server.access.holdings import Held, Holdings, Place, holdings
from rolecall.server.access.models import App
from rolecall.server.api.accounts import AccountName, EntitlementName
from rolecall.server.api.apps import SyncOut
from rolecall.server.api.door import FAULTS, actor_of, answers
from rolecall.server.api.values import Id, Moment, Problem
from rolecall.server.evidence.export import FORMS, Asked, Form, export
from rolecall.server.evidence.sending import sent
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import require

__all__ = [
    "AppName",
    "EvidenceIn",
    "HeldOut",
    "HoldingsOut",
    "PlaceOut",
    "SinceOut",
    "export_app",
    "export_person",
    "get_holdings",
    "of_apps",
    "of_people",
]

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


def _sent(request: HttpRequest, said: EvidenceIn, **about: str) -> StreamingHttpResponse:
    now = clock.now()
    asked = Asked(form=said.form, since=said.since, until=said.until or now, **about)
    return sent(export(actor_of(request), asked, now=now))


@of_apps.post("/{app}/evidence", response={FAULTS: Problem}, openapi_extra=_FILE)
def export_app(request: HttpRequest, app: Id, said: EvidenceIn) -> StreamingHttpResponse:
    """A signed file of who has access to an app, or of what changed there."""
    return _sent(request, said, app=app)


@of_people.post("/{person}/evidence", response={FAULTS: Problem}, openapi_extra=_FILE)
def export_person(request: HttpRequest, person: Id, said: EvidenceIn) -> StreamingHttpResponse:
    """A signed file of what one person holds everywhere, or of what changed for them."""
    return _sent(request, said, person=person)


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
