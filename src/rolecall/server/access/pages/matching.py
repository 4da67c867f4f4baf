"""The queue of accounts without a person: a suggestion with its reason, and one button."""

from types import MappingProxyType

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from rolecall.errors import Invalid
from rolecall.server import clock
from rolecall.server.access import accounts
from rolecall.server.access.models import Account, App
from rolecall.server.access.pages.looks import account_cell, link_look
from rolecall.server.access.suggestions import Suggestion, suggestions, waiting
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.choosing import Question, agreed, ask, chosen, returning
from rolecall.server.tables.look import link, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["accept_all", "accept_chosen", "matching"]

_Link = Account.Link
_MOST = 500
"""Matches that are accepted in one go."""
_WHY = MappingProxyType({
    _Link.UNLINKED: "One person has its address.",
    _Link.UNMATCHED: "Nobody has its address.",
    _Link.DISPUTED: "Several persons have its addresses.",
    _Link.GONE: "Its person has left.",
})  # fmt: skip


def _suggested(account: Account) -> list[Suggestion]:
    return getattr(account, "suggested", [])


def _words(account: Account) -> str:
    if account.person:
        return f"{account.person.name} has left"
    said = [f"{one.person.name}: {one.reason}" for one in _suggested(account)]
    return "; ".join(said) or _WHY[_Link(account.link)]


def _cell(account: Account) -> SafeString | str:
    """Whom we suggest and why; or why there is nobody."""
    found = _suggested(account)
    if not found or account.person:
        return _words(account)
    return format_html_join(
        "",
        "<div>{}</div>",
        ((link(o.person, reverse("people:person", args=(o.person.public_id,)), o.reason),)
         for o in found),
    )  # fmt: skip


_VERBS = MappingProxyType({
    _Link.UNLINKED: "Accept",
    _Link.UNMATCHED: "Choose",
    _Link.DISPUTED: "Compare",
    _Link.GONE: "Look",
})  # fmt: skip
"""What is to be done with an account that stands so."""


def _verb(account: Account) -> str:
    return _VERBS[_Link(account.link)]


def _button(account: Account) -> SafeString:
    """Accept the exact match here, or go where one can choose or look."""
    name = format_html('{}<span class="unseen">: {}</span>', _verb(account), account)
    if account.link == _Link.UNLINKED:
        return format_html(
            '<button class="button nowrap" form="bulk" name="one" value="{}">{}</button>',
            account.public_id,
            name,
        )
    gone = account.link == _Link.GONE
    page_name = "access:account" if gone else "access:choose_person"
    address = reverse(page_name, args=(account.public_id,))
    return format_html(
        '<a class="button nowrap" href="{}{}">{}</a>', address, "" if gone else "?back=queue", name
    )


_COLUMNS: tuple[Column[Account], ...] = (
    Column(name="account", label="Account", value=str, show=account_cell, sort=("name",)),
    Column(name="email", label="E-mail", value=lambda a: a.email, sort=("email",), usual=False),
    Column(
        name="app",
        label="App",
        value=lambda a: a.app.name,
        show=lambda a: link(a.app.name, reverse("access:app", args=(a.app.public_id,))),
        sort=("app__name", "name"),
    ),
    Column(
        name="match",
        label="Match",
        value=lambda a: link_look(a).word,
        show=lambda a: status(link_look(a)),
        sort=("link", "name"),
    ),
    Column(name="why", label="Suggestion", value=_words, show=_cell),
)
_DO: Column[Account] = Column(name="do", label="To do", value=_verb, show=_button)


def _table(apps: list[App], *, decides: bool) -> Table[Account]:
    states = [one for one in _Link if one != _Link.LINKED]
    return Table(
        noun="accounts",
        columns=(*_COLUMNS, _DO) if decides else _COLUMNS,
        order="match",
        filters=(
            Filter(
                name="link",
                label="Match",
                narrow=one_of("link"),
                choices=tuple(Choice(value=v, label=v.capitalize()) for v in states),
            ),
            Filter(
                name="app",
                label="App",
                narrow=one_of("app__public_id"),
                choices=tuple(Choice(value=one.public_id, label=one.name) for one in apps),
            ),
        ),
        search=lambda text: Q(name__icontains=text) | Q(email__icontains=text),
        search_label="Search names and e-mails",
        fetch=lambda rows: rows.select_related("app", "person"),
        dress=_dressed,
        pick=_picked if decides else None,
    )


def _picked(account: Account) -> str:
    return account.public_id if account.link == _Link.UNLINKED else ""


def _dressed(rows: list[Account]) -> None:
    found = suggestions([one for one in rows if one.person is None])
    for row in rows:
        row.suggested = found.get(row.pk, [])  # type: ignore[attr-defined]


@page("account:read")
def matching(request: Request) -> HttpResponseBase:
    """All of them, of every app that this person may see."""
    rows = waiting(request.actor)
    decides = bool(may(request.actor, "account:edit"))
    exact = waiting(request.actor, "account:edit").filter(link=_Link.UNLINKED)
    return show(
        request,
        "access/matching.html",
        _table(_apps(rows), decides=decides),
        rows,
        exact=exact.count() if decides else 0,
        decides=decides,
        prefix="rolecall",
    )


@require_POST
@page("account:edit")
def accept_chosen(request: Request) -> HttpResponse:
    """Accept the exact match of one account, or of those with a tick."""
    said = request.POST
    back = reverse("access:matching")
    ids = said.getlist("one") or said.getlist("row")
    if "all" in said and "one" not in said:
        try:
            found = _exact_found(request)
        except Invalid as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(returning(back, said))
        if not agreed(said, len(found)):
            return ask(
                request,
                Question(
                    title="Accept", nouns=("exact match", "exact matches"), rows=found, back=back
                ),
            )
        ids = [one.public_id for one in found]

    def deed() -> None:
        if not ids:
            raise Invalid("Nothing was chosen.", hint="Tick accounts that have one match.")
        accounts.accept_each(request.actor, ids, now=clock.now())

    words = "Accepted." if len(ids) == 1 else f"{len(ids):,} accepted."
    return done(request, deed, words, back=returning(back, said))


def _exact_found(request: Request) -> list[Account]:
    """The exact matches among what the table had found."""
    rows = waiting(request.actor, "account:edit")
    table = _table(_apps(rows), decides=True)
    return chosen(rows.filter(link=_Link.UNLINKED), table, request.POST, most=_MOST)


def _apps(rows: QuerySet[Account]) -> list[App]:
    return list(App.objects.filter(pk__in=rows.order_by().values("app").distinct()))


@require_POST
@page("account:edit")
def accept_all(request: Request) -> HttpResponse:
    """Accept every exact match, in every app where this person may."""
    return done(
        request,
        lambda: accounts.accept_everywhere(request.actor, now=clock.now()),
        "All exact matches are accepted.",
        back=reverse("access:matching"),
    )
