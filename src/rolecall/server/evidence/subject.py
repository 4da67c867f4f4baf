"""What a report is about: one app, or one person in every app that the actor may see.

The facts that both kinds of report begin with: who asked, about what, and what it rests on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from rolecall import __version__
from rolecall.errors import Gone, Invalid
from rolecall.server.access import asof
from rolecall.server.access.finding import app_for
from rolecall.server.access.holdings import accounts_of, apps_for
from rolecall.server.access.models import Account, App, Sync
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector
from rolecall.server.evidence.report import stamp
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import require
from rolecall.server.tables.look import duration

__all__ = ["ACTION", "Fact", "Subject", "basis_facts", "made_facts", "of_app", "of_person"]

ACTION = "account:export"
"""What somebody must be allowed, in each app, to take its access along."""
Fact = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whose access a report is about."""

    target: App | Person
    apps: Sequence[App]
    """Those that are looked at."""
    limited: bool = False
    """Whether the actor may see some apps only."""

    @property
    def scope(self) -> str:
        """Of the audit row: the app it belongs to, if it is one."""
        return self.target.public_id if isinstance(self.target, App) else ""

    def accounts(self, at: datetime) -> Q:
        """Which accounts, for a moment."""
        if isinstance(self.target, App):
            return Q(app=self.target)
        return Q(app__in=self.apps) & accounts_of(self.target, at)

    def keys(self, at: datetime) -> Q:
        """The same, said of rows that have an account."""
        if isinstance(self.target, App):
            return Q(account__app=self.target)
        found = Account.objects.filter(self.accounts(at))
        return Q(account__in=list(found.values_list("pk", flat=True)))


def of_app(actor: Actor, app: str) -> Subject:
    """One app, for somebody who may take its access along.

    Raises:
        NotAllowed: they may not.
        Gone: there is none.
    """
    found = app_for(actor, app, ACTION)
    return Subject(target=found, apps=(found,))


def of_person(actor: Actor, person: str) -> Subject:
    """One person, in every app whose access the actor may take along.

    Raises:
        NotAllowed: they may not see persons, or no app at all.
        Gone: there is none.
    """
    require(actor, "person:read")
    require(actor, ACTION)
    found = Person.objects.filter(public_id=person).first()
    if found is None:
        raise Gone("There is no such person.", hint="Look for them in the list of people.")
    apps = list(apps_for(actor, ACTION))
    every = App.objects.exclude(state=App.State.UNMANAGED).count()
    return Subject(target=found, apps=apps, limited=len(apps) < every)


def made_facts(actor: Actor, subject: Subject, now: datetime) -> Iterator[Fact]:
    """Who asked, when, of which installation, about what."""
    target = subject.target
    yield "Made", f"{stamp(now)} by {actor.name} ({actor.id or actor.kind})"
    yield "Made with", f"Rolecall {__version__} at {settings.CONFIG.public_url}"
    if isinstance(target, App):
        workspace = f", workspace {target.workspace_id}" if target.workspace_id else ""
        yield "App", f"{target.name} ({target.kind}{workspace}, {target.public_id})"
        return
    addresses = ", ".join(target.emails.values_list("address", flat=True))
    yield "Person", f"{target.name} ({addresses or 'no e-mail'}, {target.public_id})"
    if subject.limited:
        yield "Apps looked at", "those that whoever asked may see; there are others"
    else:
        yield "Apps looked at", "all"


def basis_facts(subject: Subject, at: datetime) -> Iterator[Fact]:
    """What is known of a moment, app by app, and where it comes from.

    Raises:
        Invalid: nothing is known of it in any of the apps.
    """
    known = [(app, asof.basis(app, at)) for app in subject.apps]
    if not any(basis.sync for _app, basis in known):
        raise Invalid(
            f"Nothing is known of {stamp(at)}: no sync had ended by then.",
            hint="Ask for a later moment.",
        )
    for app, basis in known:
        yield "Source", f"{app.name}: {_sources(app)}"
        if basis.sync is None:
            yield "Rests on", f"{app.name}: nothing; no sync had ended by then"
            continue
        age = duration(basis.age)
        yield "Rests on", f"{app.name}: {_sync_words(basis.sync)}; {age} old at that moment"
        for kind, sync in basis.complete.items():
            yield "Complete", f"{app.name}: {kind}s, as of sync {sync.number}"
        if basis.reading:
            words = _sync_words(basis.reading)
            yield "Being read", f"{app.name}: {words}; a part of what it found is in already"


def _sync_words(sync: Sync) -> str:
    told = f"sync {sync.number} ({sync.public_id}, {sync.completeness})"
    digest = f", content {sync.digest}" if sync.digest else ""
    return f"{told}, read from {stamp(sync.started_at)} to {stamp(sync.ended_at)}{digest}"


def _sources(app: App) -> str:
    rows = Connector.objects.filter(app=app).order_by("pk")
    words = [
        f"connector {one.name} ({one.public_id}, "
        f"{'self-hosted' if one.kind == 'baton' else 'hosted here'})"
        for one in rows
    ]
    return ", ".join(words) or "no connector"
