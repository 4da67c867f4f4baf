"""Send something again that did not arrive."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.mail.models import Message
from rolecall.server.notifications.models import Delivery
from rolecall.server.notifications.webhook import current
from rolecall.server.people.permissions import require

__all__ = ["deliver_again", "mail_again"]


@transaction.atomic
def mail_again(actor: Actor, mails: Sequence[str], *, now: datetime) -> int:
    """Have these mails (public ids) sent that failed; how many will be.

    They carry the Message-ID that they had: who got one after all recognises the other.

    Raises:
        NotAllowed: only super administrators may.
        Invalid: none was chosen.
        Conflict: none of them failed.
    """
    require(actor, "mail:again")
    rows = Message.objects.select_for_update().filter(
        public_id__in=_chosen(mails), state=Message.State.FAILED
    )
    found = list(rows.order_by("id"))
    for mail in found:
        mail.state, mail.attempts, mail.error = Message.State.WAITING, 0, ""
        mail.save(update_fields=["state", "attempts", "error"])
        record(actor, "mail:again", mail, now=now)
    return _some(len(found))


@transaction.atomic
def deliver_again(actor: Actor, deliveries: Sequence[str], *, now: datetime) -> int:
    """Have these messages (public ids) sent that failed, or that wait for their next turn.

    Raises:
        NotAllowed: only super administrators may.
        Invalid: none was chosen.
        Conflict: none of them is to be sent, or there is no webhook.
    """
    require(actor, "webhook:edit")
    wanted = _chosen(deliveries)
    if current() is None:
        raise Conflict("There is no webhook.", hint="Set its address first.")
    rows = Delivery.objects.select_for_update().filter(public_id__in=wanted)
    found = list(rows.exclude(state=Delivery.State.SENT).order_by("id"))
    for delivery in found:
        delivery.state, delivery.attempts = Delivery.State.WAITING, 0
        delivery.due_at = now
        delivery.save(update_fields=["state", "attempts", "due_at"])
        record(actor, "webhook:again", delivery, now=now)
    return _some(len(found))


def _chosen(ids: Sequence[str]) -> Sequence[str]:
    if not ids:
        raise Invalid("Nothing was chosen.", hint="Tick rows of the table, and press again.")
    return ids


def _some(count: int) -> int:
    if not count:
        raise Conflict("None of these can be sent again.", hint="Only what failed can be.")
    return count
