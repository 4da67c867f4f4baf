"""What oneself hears of, the one webhook, and what is sent again."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Note
from rolecall.server.notifications import again, choosing, webhook
from rolecall.server.notifications.kinds import How, Kind
from rolecall.server.notifications.models import Delivery, Notice
from rolecall.server.people.models import User
from rolecall.server.people.permissions import require

__all__ = [
    "Again",
    "Count",
    "DeliveryOut",
    "FindDelivery",
    "NoticeOut",
    "NotificationChoice",
    "Secret",
    "WebhookIn",
    "WebhookOut",
    "deliver_again",
    "get_notifications",
    "get_webhook",
    "list_deliveries",
    "list_notices",
    "mail_again",
    "of_webhook",
    "renew_webhook_secret",
    "router",
    "set_notifications",
    "set_webhook",
    "try_webhook",
    "turn_webhook_off",
]

router = Router(tags=["notifications"])
of_webhook = Router(tags=["notifications"])


class NotificationChoice(Schema):
    """How one hears of things."""

    hows: dict[Kind, How]
    """Kinds that are left out stay as they are."""
    hour: int = Field(ge=0, le=23, description="Of the daily mail, in one's own zone.")


class NoticeOut(Schema):
    """Something that one was told."""

    kind: str
    event: str
    subject: str
    link: str
    how: str
    created_at: datetime
    mailed_at: datetime | None
    """Null: it waits for the daily mail."""


class WebhookOut(Schema):
    """Where programs are told."""

    host: str
    """Empty: there is none. The path may hold a secret of the receiver, and is not told."""
    kinds: list[str]
    set_at: datetime | None
    set_by: str


class WebhookIn(Schema):
    """Where programs are to be told, and of what."""

    url: Note
    kinds: list[Kind]


class Secret(Schema):
    """What messages are signed with."""

    secret: str = Field(description="Shown this once; empty: it is the one that you have.")


class DeliveryOut(Schema):
    """A message for the webhook."""

    id: str
    event: str
    kind: str
    subject: str
    body: str
    state: str
    attempts: int
    error: str
    created_at: datetime
    sent_at: datetime | None

    @staticmethod
    def resolve_id(row: Delivery) -> str:
        """The public one, which is its `webhook-id`."""
        return row.public_id


class FindDelivery(Window):
    """Which messages."""

    state: Delivery.State | None = None


class Again(Schema):
    """What is to be sent again."""

    ids: list[Id]


class Count(Schema):
    """How many will be."""

    count: int


@router.get("", response=answers(NotificationChoice))
def get_notifications(request: HttpRequest) -> NotificationChoice:
    """What one has chosen; as usual where one has not."""
    return _chosen(choosing.wanted_by(_oneself(request)))


@router.put("", response=answers(NotificationChoice))
def set_notifications(request: HttpRequest, said: NotificationChoice) -> NotificationChoice:
    """Choose how one hears of things."""
    wanted = choosing.choose(
        actor_of(request),
        {str(kind): str(how) for kind, how in said.hows.items()},
        hour=said.hour,
        now=clock.now(),
    )
    return _chosen(wanted)


@router.get("/notices", response=answers(Page[NoticeOut]))
def list_notices(request: HttpRequest, window: Asked[Window]) -> Cut[Notice]:
    """What one was told, the newest first."""
    return cut(Notice.objects.filter(user=_oneself(request)), window, by="pk", newest_first=True)


@of_webhook.get("", response=answers(WebhookOut))
def get_webhook(request: HttpRequest) -> WebhookOut:
    """Where programs are told."""
    require(actor_of(request), "webhook:read")
    hook = webhook.current()
    return WebhookOut(
        host=webhook.host_of(hook.url) if hook else "",
        kinds=hook.kinds if hook else [],
        set_at=hook.set_at if hook else None,
        set_by=hook.set_by if hook else "",
    )


@of_webhook.put("", response=answers(Secret))
def set_webhook(request: HttpRequest, said: WebhookIn) -> Secret:
    """Tell this address; a new one gets a new secret."""
    secret = webhook.set_up(actor_of(request), url=said.url, kinds=said.kinds, now=clock.now())
    return Secret(secret=secret)


@of_webhook.post("/secret", response=answers(Secret))
def renew_webhook_secret(request: HttpRequest) -> Secret:
    """Sign with another secret from now on."""
    return Secret(secret=webhook.renew_secret(actor_of(request), now=clock.now()))


@of_webhook.post("/try", response=answers(DeliveryOut, 202))
def try_webhook(request: HttpRequest) -> Status[Delivery]:
    """Send a message that only shows whether messages arrive."""
    return Status(202, webhook.try_it(actor_of(request), now=clock.now()))


@of_webhook.delete("", response=answers(None, 204))
def turn_webhook_off(request: HttpRequest) -> Status[None]:
    """Tell it nothing more."""
    webhook.turn_off(actor_of(request), now=clock.now())
    return Status(204, None)


@of_webhook.get("/messages", response=answers(Page[DeliveryOut]))
def list_deliveries(request: HttpRequest, find: Asked[FindDelivery]) -> Cut[Delivery]:
    """What went to the webhook, the newest first."""
    require(actor_of(request), "webhook:read")
    rows = Delivery.objects.filter(state=find.state) if find.state else Delivery.objects.all()
    return cut(rows, find, newest_first=True)


@of_webhook.post("/messages/again", response=answers(Count, 202))
def deliver_again(request: HttpRequest, said: Again) -> Status[Count]:
    """Send messages again that did not arrive."""
    return Status(202, Count(count=again.deliver_again(
        actor_of(request), said.ids, now=clock.now())))  # fmt: skip


@router.post("/mail/again", response=answers(Count, 202))
def mail_again(request: HttpRequest, said: Again) -> Status[Count]:
    """Send mails again that failed."""
    return Status(202, Count(count=again.mail_again(
        actor_of(request), said.ids, now=clock.now())))  # fmt: skip


def _oneself(request: HttpRequest) -> User:
    actor = actor_of(request)
    require(actor, "notification:own")
    return User.objects.get(pk=actor.user or 0)


def _chosen(wanted: choosing.Wanted) -> NotificationChoice:
    return NotificationChoice(hows=dict(wanted.hows), hour=wanted.hour)
