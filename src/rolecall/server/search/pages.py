"""The search page, and the list that opens while typing."""

from django.http import HttpResponse
from django.shortcuts import render

from rolecall.server.people.door import Request, page
from rolecall.server.search.find import find

__all__ = ["results"]

_LONGEST = 100


@page("search:use")
def results(request: Request) -> HttpResponse:
    """`?q=`: a page, or for htmx only the list."""
    text = request.GET.get("q", "")[:_LONGEST]
    template = "search/list.html" if request.htmx else "search/results.html"
    return render(request, template, {"text": text, "hits": find(request.actor, text)})
