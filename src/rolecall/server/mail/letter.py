"""A mail as it is sent: plain text, and the same as HTML with one button.

Both say the same. The HTML loads nothing from anywhere, so that opening a mail tells nobody.
"""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from rolecall.server.mail import links
from rolecall.server.mail.models import Message

__all__ = ["letter"]


def letter(message: Message) -> EmailMultiAlternatives:
    """The mail of a row; login links get their signature here, and only here.

    A row without a link, such as a login code of allauth's, has no button and stays plain text.
    """
    public = settings.CONFIG.public_url.rstrip("/")
    address = public + links.complete(message.link) if message.link else ""
    parts = [part for part in (message.text, address, message.why) if part]
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body="\n\n".join(parts) + "\n",
        from_email=settings.CONFIG.mail.sender,
        to=[message.recipient],
    )
    if address:
        verb = "Set a password" if message.link.startswith(links.LOGIN) else "Open in Rolecall"
        said = {"subject": message.subject, "text": message.text, "why": message.why}
        html = render_to_string("mail/letter.html", {**said, "address": address, "verb": verb})
        mail.attach_alternative(html, "text/html")
    return mail
