"""What an app is called, which mail domains are the company's own, and who looks after it."""

import re
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.access.finding import locked_app
from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor, record
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News, tell
from rolecall.server.people.models import RoleAssignment, User
from rolecall.server.people.owners import appoint, chosen, holders

__all__ = ["describe", "own", "owners", "set_domains", "set_owners"]

_ROLE: Final = RoleAssignment.Role.APP_OWNER
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+")
_MOST_DOMAINS: Final = 100
_LONGEST: Final = 100
_MARK_AGAIN: Final = """
    update access_account
    set external = not external
    where app_id = %(app)s and external is distinct from (
        email <> '' and cardinality(%(domains)s::text[]) > 0
        and lower(regexp_replace(email, '^.*@', '')) <> all(%(domains)s::text[]))
"""


@transaction.atomic
def describe(actor: Actor, app_id: str, *, name: str, description: str, now: datetime) -> App:
    """Give it another name and description.

    Raises:
        NotAllowed, Gone: as `set_domains`.
        Invalid: it is no name.
        Conflict: another app is called so.
    """
    app = locked_app(actor, app_id, "app:edit")
    wanted = {"name": " ".join(name.split()), "description": description.strip()}
    if not 1 <= len(wanted["name"]) <= _LONGEST:
        raise Invalid("A name has between 1 and 100 characters.", hint="Give it one.")
    if App.objects.filter(name=wanted["name"]).exclude(pk=app.pk).exists():
        raise Conflict(f"There is an app {wanted['name']} already.", hint="Choose another name.")
    before = {"name": app.name, "description": app.description}
    app.name, app.description = wanted["name"], wanted["description"]
    app.save(update_fields=["name", "description"])
    record(actor, "app:describe", app, now=now, scope=app.public_id, before=before, after=wanted)
    return app


@transaction.atomic
def set_domains(actor: Actor, app_id: str, domains: list[str], *, now: datetime) -> App:
    """These mail domains are the company's own; every account is marked anew at once.

    Args:
        actor: who says it.
        app_id: public id.
        domains: such as acme.com; none: no address is external.
        now: when.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such app.
        Invalid: one is no domain, or there are too many.
    """
    app = locked_app(actor, app_id, "app:edit")
    wanted = sorted({one.strip().casefold().removeprefix("@") for one in domains if one.strip()})
    for one in wanted:
        if not _DOMAIN.fullmatch(one):
            raise Invalid(f"{one[:60]!r} is no mail domain.", hint="Write it like acme.com.")
    if len(wanted) > _MOST_DOMAINS:
        raise Invalid(f"More than {_MOST_DOMAINS} domains.", hint="Leave some out.")
    before, app.domains = app.domains, wanted
    app.save(update_fields=["domains"])
    with connection.cursor() as cursor:
        cursor.execute(_MARK_AGAIN, {"app": app.pk, "domains": wanted})
        marked = cursor.rowcount
    record(
        actor, "app:domains:set", app, now=now, scope=app.public_id,
        before=before, after=wanted, accounts=marked,
    )  # fmt: skip
    return app


@transaction.atomic
def set_owners(actor: Actor, app_id: str, wanted: list[str], *, now: datetime) -> list[User]:
    """These users (public ids) look after it, and nobody else; none is allowed.

    Raises:
        NotAllowed, Gone: as `set_domains`; or there is no such user.
    """
    app = locked_app(actor, app_id, "app:owners")
    users = chosen(wanted)
    own(actor, app, users, now=now)
    return users


def own(actor: Actor, app: App, users: list[User], *, now: datetime) -> None:
    """These look after it, and those who are new hear of it; for a use case that may do so."""
    for user in appoint(actor, _ROLE, app, users, now=now):
        if user.pk != actor.user:
            news = News(
                kind=Kind.OWNER,
                event=f"app:owner:{app.public_id}:{user.public_id}:{now.isoformat()}",
                subject=f"{actor.name} made you an owner of the app {app.name}",
                text=f"You may see who has access to {app.name}, and change it.",
                link=f"/apps/{app.public_id}",
            )
            tell(news, [user], why=f"You get this because {actor.name} chose you.", now=now)


def owners(app: App) -> list[User]:
    """Who looks after it now: active users, by name."""
    return holders(role=_ROLE, scope=app.public_id)
