"""The parts of the settings, for the pages of them that are here and elsewhere."""

from django.urls import reverse

from rolecall.server.audit.trail import Actor
from rolecall.server.people.permissions import may

__all__ = ["settings_tabs"]

_PARTS = (
    ("Installation", "settings", "settings:read"),
    ("Mail", "outbox", "mail:read"),
    ("Webhook", "notifications:webhook", "webhook:read"),
    ("Webhook messages", "notifications:deliveries", "webhook:read"),
)
"""Label, name of the address, action that one must be allowed."""


def settings_tabs(actor: Actor) -> list[tuple[str, str]]:
    """Labels and addresses, for this actor."""
    return [(label, reverse(name)) for label, name, action in _PARTS if may(actor, action)]
