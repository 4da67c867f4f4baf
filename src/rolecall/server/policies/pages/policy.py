"""One policy: how many may hold a role, and who."""

from typing import Final

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Invalid
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.policies import deciding
from rolecall.server.policies.models import RolePolicy
from rolecall.server.policies.standing import administrators

__all__ = ["edit", "end", "save"]

_DIGITS: Final = 7
_OFFERED: Final = 100
"""Persons who are offered with a box; more are named by their addresses."""


@page("policy:edit")
def edit(request: Request) -> HttpResponse:
    """The form, for a role and an app, filled with what is said now."""
    app, role = _asked(request)
    policy = RolePolicy.objects.filter(app=app, role=role).first()
    named = set(policy.persons.all()) if policy else set()
    context = {
        "policy": policy,
        "app": app,
        "role": role,
        "persons": [(one, one in named) for one in _offered(app, role, named)],
        "crumbs": [("Administrators", reverse("policies:administrators"))],
    }
    return render(request, "policies/policy.html", context)


@require_POST
@page("policy:edit")
def save(request: Request) -> HttpResponse:
    """Set it."""

    def deed() -> None:
        said = request.POST
        wanted = deciding.Wanted(
            role=said.get("role", ""),
            app=said.get("app", ""),
            at_least=_number(said.get("at_least", "")) or 0,
            at_most=_number(said.get("at_most", "")),
            only_named=bool(said.get("only_named")),
            persons=[*said.getlist("person"), *_by_address(said.get("addresses", ""))],
        )
        deciding.set_policy(request.actor, wanted, now=clock.now())

    return done(request, deed, "Saved.", back=reverse("policies:administrators"))


@require_POST
@page("policy:edit")
def end(request: Request, policy_id: str) -> HttpResponse:
    """There is none any more."""
    return done(
        request,
        lambda: deciding.end_policy(request.actor, policy_id, now=clock.now()),
        "There is no such policy any more.",
        back=reverse("policies:administrators"),
    )


def _asked(request: Request) -> tuple[App | None, RolePolicy.Role]:
    app = App.objects.filter(public_id=request.GET.get("app", "")).first()
    asked = request.GET.get("role", "")
    known = asked in RolePolicy.Role.values
    return app, RolePolicy.Role(asked) if known else RolePolicy.Role.OWNER


def _offered(app: App | None, role: str, named: set[Person]) -> list[Person]:
    """Whom it names already, and who holds the role now."""
    apps = App.objects.filter(pk=app.pk) if app else App.objects.filter(state=App.State.MANAGED)
    holding = administrators(apps).filter(entitlement__resource__external_id=role)
    here = Q(pk__in=holding.values("account__person")) | Q(pk__in=[one.pk for one in named])
    return list(Person.objects.filter(here)[: max(_OFFERED, len(named))])


def _by_address(text: str) -> list[str]:
    """Public ids of the persons with these addresses.

    Raises:
        Invalid: nobody has one of them.
    """
    wanted = {one.casefold() for one in text.replace("\x00", "").replace(",", " ").split()}
    rows = PersonEmail.objects.filter(folded__in=wanted).select_related("person")
    found = {one.folded: one.person.public_id for one in rows}
    if missing := sorted(wanted - found.keys()):
        raise Invalid(
            f"No person has the address {missing[0][:60]!r}.", hint="Add them under People first."
        )
    return sorted(set(found.values()))


def _number(text: str) -> int | None:
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < _DIGITS):
        raise Invalid(f"{typed[:20]!r} is no number.", hint="Write it like 4.")
    return int(typed)
