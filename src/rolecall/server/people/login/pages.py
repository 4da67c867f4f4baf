"""The two pages of the login that are ours: a link that lets one in, and a forgotten password."""

from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from rolecall.errors import Error, Gone
from rolecall.server import clock
from rolecall.server.people import links
from rolecall.server.people.door import Request, status_of, stranger
from rolecall.server.people.models import LoginLink

__all__ = ["forgotten", "link"]

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_LONGEST = 1024
"""Of a password: hashing a longer one is work that somebody else gives us."""


class _Password(forms.Form):
    password = forms.CharField(max_length=_LONGEST, strip=False)
    again = forms.CharField(max_length=_LONGEST, strip=False)
    name = forms.CharField(required=False)
    email = forms.CharField(required=False)

    def clean(self) -> dict[str, str]:
        """Both must be the same."""
        typed: dict[str, str] = self.cleaned_data
        if "again" in typed and typed.get("password") != typed["again"]:
            raise forms.ValidationError("The two passwords are not the same.")
        return typed


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def link(request: Request, token: str) -> HttpResponse:
    """Set a password, and come in."""
    now = clock.now()
    try:
        found = links.find(token, now)
    except Gone as error:
        return _page(request, "people/link_gone.html", error=error)
    form = _Password(request.POST or None)
    context = {"link": found, "form": form}
    if request.method != "POST" or not form.is_valid():
        return _page(request, "people/link.html", **context)
    typed = form.cleaned_data
    answer = links.Answer(password=typed["password"], name=typed["name"], email=typed["email"])
    try:
        used = links.use(token, answer, actor=stranger(request), now=now)
    except Error as error:
        return _page(request, "people/link.html", **context, error=error)
    if used.purpose == LoginLink.Purpose.RESET:
        # A second factor, where there is one, is still asked for.
        messages.success(request, "The new password is set. Log in with it.")
        return redirect("account_login")
    login(request, used.user, backend=_BACKEND)
    # It was typed just now: who goes on to add a second factor is not asked for it again.
    reauthenticate_by_password(request)
    return redirect("/")


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: Request) -> HttpResponse:
    """Ask for a link by mail; the answer is the same whether there is such a user."""
    email = request.POST.get("email", "").strip()
    if request.method != "POST" or not email:
        return _page(request, "people/forgotten.html", sent=False)
    if not ratelimit.consume(request, action="reset_password", key=email.casefold()):
        return render(request, "429.html", status=429)
    links.forgotten(email, clock.now())
    return _page(request, "people/forgotten.html", sent=True)


def _page(request: Request, template: str, **context: object) -> HttpResponse:
    error = context.get("error")
    status = status_of(error) if isinstance(error, Error) else 200
    return render(request, template, context, status=status)
