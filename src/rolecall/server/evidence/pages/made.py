"""A large evidence file: how far it is, and the file itself."""

from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from rolecall.server import clock
from rolecall.server.access.pages.history import typed
from rolecall.server.evidence.finding import file_for
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.pages.looks import file_look, file_words
from rolecall.server.evidence.sending import kept
from rolecall.server.evidence.subject import ACTION
from rolecall.server.people.door import Request, page

__all__ = ["download", "file"]


@page(ACTION)
def file(request: Request, evidence_id: str) -> HttpResponse:
    """How far it is, until it is ready; `?seen=` is the state that the page knows already."""
    one = file_for(request.actor, evidence_id)
    state = one.standing(clock.now())
    look = file_look(one, clock.now())
    context = {
        "file": one,
        "look": look,
        "words": file_words(one),
        "making": state == EvidenceFile.State.MAKING,
        "ready": state == EvidenceFile.State.READY,
        "news": request.htmx and request.GET.get("seen") != look.word,
        "again": _again(one),
        "crumbs": [("Evidence", reverse("evidence:files"))],
    }
    template = "evidence/made_live.html" if request.htmx else "evidence/made.html"
    return render(request, template, context)


@page(ACTION)
def download(request: Request, evidence_id: str) -> HttpResponseBase:
    """The file."""
    return kept(request.actor, evidence_id, now=clock.now())


def _again(one: EvidenceFile) -> str:
    """The page that asks for the same once more, filled in."""
    said = {**one.about, "form": one.form, "at": typed(one.until)}
    if one.since is not None:
        said |= {"what": "changes", "since": typed(one.since)}
    return f"{reverse('evidence:files')}?{urlencode(said)}"
