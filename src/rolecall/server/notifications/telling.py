"""Tell people and the webhook of something, in the transaction in which it happened.

Each person hears of an event once, as they chose; the webhook gets it once, whoever else does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from django.conf import settings

from rolecall.server.mail.post import post
from rolecall.server.notifications.kinds import ABOUT, How, Kind
from rolecall.server.notifications.models import Choice, Delivery, Notice, Webhook
from rolecall.server.people.models import User

__all__ = ["News", "chosen", "hearing", "queue", "tell"]

_CHOICE: Final = " Choose what you hear of under Notifications."
_LONGEST_WHY: Final = 200 - len(_CHOICE)
"""So that both fit into the outbox, however long the names in it are."""


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that happened."""

    kind: str
    """A `Kind`; `TRIAL` goes to the webhook only."""
    event: str
    """What it is about, unique for ever."""
    subject: str
    """One line."""
    text: str
    """Plain sentences."""
    link: str
    """Path of the page with the one thing to do."""


def tell(news: News, people: Iterable[User], *, why: str, now: datetime) -> int:
    """Tell these people, each as they chose, and the webhook; how many will hear of it anew.

    Args:
        news: what happened.
        people: those whom it concerns.
        why: why they get it, a sentence.
        now: when.
    """
    hows = chosen(Kind(news.kind), people)
    told = sum(_tell(user, how, news, why=why, now=now) for user, how in hows.items())
    hook = Webhook.objects.exclude(url="").first()
    if hook is not None and news.kind in hook.kinds:
        queue(news, now=now)
    return told


def hearing(kind: Kind, people: Iterable[User]) -> list[User]:
    """Those of them who want to hear of this kind: where none does, somebody else should."""
    return [user for user, how in chosen(kind, people).items() if how != How.NONE]


def chosen(kind: Kind, people: Iterable[User]) -> dict[User, How]:
    """How each of them hears of this kind."""
    users = list(people)
    rows = Choice.objects.filter(kind=kind, user__in=users).values_list("user_id", "how")
    hows = {user: How(how) for user, how in rows}
    return {user: hows.get(user.pk, ABOUT[kind].usual) for user in users}


def queue(news: News, *, now: datetime) -> Delivery:
    """Put a message for the webhook into its queue, once for each event."""
    data = {
        "event": news.event,
        "subject": _line(news.subject),
        "text": news.text,
        "url": settings.CONFIG.public_url.rstrip("/") + news.link,
    }
    body = msgspec.json.encode({"type": news.kind, "timestamp": now.isoformat(), "data": data})
    delivery, _ = Delivery.objects.get_or_create(
        event=news.event,
        defaults={
            "kind": news.kind,
            "subject": _line(news.subject),
            "body": body.decode(),
            "created_at": now,
            "due_at": now,
        },
    )
    return delivery


def _tell(user: User, how: How, news: News, *, why: str, now: datetime) -> bool:
    if how == How.NONE:
        return False
    _, made = Notice.objects.get_or_create(
        user=user,
        event=news.event,
        defaults={
            "kind": news.kind,
            "how": how,
            "subject": _line(news.subject),
            "link": news.link,
            "created_at": now,
            "mailed_at": now if how == How.AT_ONCE else None,
        },
    )
    if made and how == How.AT_ONCE:
        post(
            news.event, user.email, subject=news.subject, text=news.text, now=now,
            link=news.link, why=why[:_LONGEST_WHY] + _CHOICE,
        )  # fmt: skip
    return made


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
