"""Rows of a plan that are chosen, a few of them or all: held, left out, taken in, tried again."""

from collections.abc import Iterator
from types import MappingProxyType

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Gone, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.orders import many
from rolecall.server.orders.deciding import MOST_ROWS
from rolecall.server.orders.finding import decision_for
from rolecall.server.orders.models import Order
from rolecall.server.orders.pages.decision import POSSIBLE, orders_table
from rolecall.server.orders.pages.looks import operation_words, who_words
from rolecall.server.people.door import Request, page
from rolecall.server.tables.choosing import Question, agreed, ask, chosen, returning

__all__ = ["change_rows"]

_NAMED = 10
"""Rows that stay as they are, by name; the table shows the others."""
_WORDS = MappingProxyType({
    "hold": ("Hold", "held"),
    "exclude": ("Leave out", "left out"),
    "include": ("Take in again", "planned again"),
    "retry": ("Try again", "tried again"),
})  # fmt: skip
"""What a button says, and what is said when it is done."""


@require_POST
@page("order:plan")
def change_rows(request: Request, decision_id: str) -> HttpResponse:
    """Do it to the rows with a tick; to all that were found, when their number was confirmed."""
    decision_for(request.actor, decision_id)  # whoever may not see it hears nothing of the form
    deed = request.POST.get("deed", "")
    if deed not in POSSIBLE:
        raise Invalid("There is no such button.", hint="Choose one of the page.")
    back = reverse("orders:decision", args=(decision_id,))
    try:
        rows = _rows(request, decision_id, deed)
        if not agreed(request.POST, len(rows)):
            named = [f"{operation_words(one)}: {who_words(one)}" for one in rows]
            question = Question(
                title=_WORDS[deed][0], nouns=("change", "changes"), rows=named, back=back, deed=deed
            )
            return ask(request, question)
        _tell(request, deed, _moved(request, decision_id, deed, rows))
    except (NotAllowed, Gone):
        raise
    except Error as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(returning(back, request.POST))


def _rows(request: Request, decision_id: str, deed: str) -> list[Order]:
    """Of all that were found, those of which this can be asked."""
    found = decision_for(request.actor, decision_id).orders.select_related("account", "entitlement")
    if "all" in request.POST:
        found = found.filter(state__in=POSSIBLE[deed][1])
    most = many.MOST_AGAIN if deed == "retry" else MOST_ROWS
    return chosen(found, orders_table(pick=True), request.POST, most=most)


def _moved(request: Request, decision_id: str, deed: str, rows: list[Order]) -> many.Moved:
    ids = [one.public_id for one in rows]
    if deed == "retry":
        return many.retry_each(request.actor, decision_id, ids, now=clock.now())
    return many.move_each(request.actor, decision_id, deed, ids, now=clock.now())


def _tell(request: Request, deed: str, moved: many.Moved) -> None:
    """How many were moved, and of the others which, and why."""
    if moved.done:
        said = _WORDS[deed][1]
        messages.success(request, f"{len(moved.done):,} {said}.")
    for line in _stayed(moved.refused):
        messages.error(request, line)


def _stayed(refused: tuple[tuple[Order, str], ...]) -> Iterator[str]:
    for order, why in refused[:_NAMED]:
        yield f"{operation_words(order)}, {who_words(order)}: stays as it is. {why}"
    if len(refused) > _NAMED:
        yield f"{len(refused) - _NAMED:,} more stay as they are."
