"""What oneself hears of, and how; and what one was told."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Invalid
from rolecall.server import clock
from rolecall.server.notifications import choosing
from rolecall.server.notifications.kinds import ABOUT, How, Kind
from rolecall.server.notifications.models import Notice
from rolecall.server.people.door import Request, page
from rolecall.server.people.models import User
from rolecall.server.people.users import zones
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["choose", "mine"]

_TABLE: Final[Table[Notice]] = Table(
    noun="notices",
    columns=(
        Column(
            name="subject", label="What", value=lambda n: n.subject,
            show=lambda n: link(n.subject, n.link), sort=("subject",),
        ),
        Column(name="kind", label="Kind", value=lambda n: Kind(n.kind).label, sort=("kind",)),
        Column(name="how", label="How", value=lambda n: How(n.how).label),
        Column(
            name="at", label="When", value=lambda n: n.created_at,
            show=lambda n: moment(n.created_at), sort=("created_at",),
        ),
        Column(
            name="mailed", label="Mailed", value=lambda n: n.mailed_at,
            show=lambda n: moment(n.mailed_at),
        ),
    ),
    order="-at",
    filters=(
        Filter(
            name="kind", label="Kind", narrow=one_of("kind"),
            choices=tuple(Choice(value=one, label=one.label) for one in Kind),
        ),
    ),
)  # fmt: skip


@page("notification:own")
def mine(request: Request) -> HttpResponseBase:
    """The choices, and under them what one was told."""
    user = User.objects.get(public_id=request.actor.id)
    wanted = choosing.wanted_by(user)
    return show(
        request,
        "notifications/mine.html",
        _TABLE,
        Notice.objects.filter(user=user),
        kinds=[(kind, about, wanted.hows[kind]) for kind, about in ABOUT.items()],
        hows=list(How),
        hour=wanted.hour,
        hours=range(24),
        zone=wanted.zone,
        zones=zones(),
        prefix="notices",
    )


@require_POST
@page("notification:own")
def choose(request: Request) -> HttpResponse:
    """Say what one wants."""
    said = request.POST
    try:
        choosing.choose(
            request.actor,
            {kind: said[kind] for kind in Kind.values if kind in said},
            hour=_hour(said),
            zone=said.get("zone", ""),
            now=clock.now(),
        )
    except Error as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Saved.")
    return redirect("notifications:mine")


def _hour(said: QueryDict) -> int:
    text = said.get("hour", "")
    if not (text.isascii() and text.isdecimal()):
        raise Invalid("That is no hour of a day.", hint="Choose one from 0 to 23.")
    return int(text)
