"""This installation: how it is set, and the mail that left it."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall import __version__
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.evidence.export import installation_key
from rolecall.server.mail.models import Message
from rolecall.server.people.permissions import require

__all__ = ["Find", "Installation", "MailOut", "get_installation", "list_mail", "router"]

router = Router(tags=["installation"])


class Installation(Schema):
    """What the settings say; never a secret."""

    version: str
    public_url: str
    mail_sender: str
    """Empty: no mail leaves, it is kept here."""
    oidc_issuer: str
    """Empty: no single sign-on."""
    behind_proxy: bool
    allowed_hosts: list[str]
    """Where connectors may go besides Notion."""
    active_key: str
    """Name of the key that seals now."""
    evidence_key: str
    """Public key of the evidence that is signed here, in hexadecimal; empty: there is none."""


class MailOut(Schema):
    """A mail."""

    id: str
    event: str
    recipient: str
    subject: str
    text: str
    link: str
    """Path of the one thing to do; a login link lacks what makes it work."""
    state: str
    attempts: int
    error: str
    created_at: datetime
    sent_at: datetime | None

    @staticmethod
    def resolve_id(row: Message) -> str:
        """The public one."""
        return row.public_id


class Find(Window):
    """Which mails."""

    state: Message.State | None = None


@router.get("", response=answers(Installation))
def get_installation(request: HttpRequest) -> Installation:
    """How Rolecall is set."""
    require(actor_of(request), "settings:read")
    config = settings.CONFIG
    return Installation(
        version=__version__,
        public_url=config.public_url,
        mail_sender=config.mail.sender if config.mail.url else "",
        oidc_issuer=config.oidc.issuer if config.oidc else "",
        behind_proxy=config.web.behind_proxy,
        allowed_hosts=list(config.notion.allowed_hosts),
        active_key=settings.KEYS.active,
        evidence_key=installation_key(),
    )


@router.get("/mail", response=answers(Page[MailOut]))
def list_mail(request: HttpRequest, find: Asked[Find]) -> Cut[Message]:
    """Every mail, the newest first."""
    require(actor_of(request), "mail:read")
    rows = Message.objects.filter(state=find.state) if find.state else Message.objects.all()
    return cut(rows, find, newest_first=True)
