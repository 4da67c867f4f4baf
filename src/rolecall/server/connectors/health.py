"""How a credential is doing: how old, whose, when it last worked, and whether it will go on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rolecall.server.access.models import Account
from rolecall.server.connectors import vault
from rolecall.server.connectors.models import Connector, Secret

__all__ = ["TokenHealth", "token_health"]

_OWNER = "owner"
"""The role whose holders make tokens (Notion: N-010)."""


@dataclass(frozen=True, kw_only=True)
class TokenHealth:
    """What is known of one credential."""

    secret: Secret
    age: timedelta
    last_success_at: datetime | None
    """When a sync or a look last succeeded with what is in use."""
    warning: str
    """Why it may stop working, and what to do; empty if nothing is known."""


def token_health(connector: Connector, now: datetime) -> list[TokenHealth]:
    """The credentials in use, and what is to be said about each."""
    known = [one for one in (connector.last_success_at, connector.last_probe_at) if one]
    return [
        TokenHealth(
            secret=secret,
            age=now - secret.set_at,
            last_success_at=max((one for one in known if one >= secret.set_at), default=None),
            warning=_warning(connector, secret),
        )
        for secret in vault.current(connector).order_by("slot")
    ]


def _warning(connector: Connector, secret: Secret) -> str:
    """A SCIM token works as long as its maker is there as what they were (Notion: N-014)."""
    last = connector.app.last_sync
    if last is None or last.started_at < secret.set_at:  # its maker may have joined since
        return ""
    if secret.slot != Secret.Slot.SCIM_TOKEN or not secret.made_by:
        return ""
    maker = (
        Account.objects.filter(app=connector.app, emails__contains=[secret.made_by.casefold()])
        .select_related("role__resource")
        .order_by("-present")
        .first()
    )
    if not (what := _lost(maker)):
        return ""
    return (
        f"{maker or secret.made_by}, who made this token, {what}. Have a workspace owner make a "
        "new one, and replace it, before it stops working."
    )


def _lost(maker: Account | None) -> str:
    """What its maker is no more; empty if all is well, or not known."""
    if maker is None:
        return "is not in the workspace"
    if not maker.present or maker.status in {"disabled", "deleted"}:
        return "has left the workspace"
    role = _role(maker)
    return "is no longer a workspace owner" if role and role != _OWNER else ""


def _role(account: Account) -> str:
    """Notion's word for it; empty if it is not known, as without SCIM."""
    held = account.role
    return "" if held is None or held.resource is None else held.resource.external_id
