"""Mail to users about their own login: what changed, from where, and what to do if it was not they.

Sent for what somebody with a stolen session, or a stolen mailbox, would do next.
"""

from types import MappingProxyType
from typing import Final

from rolecall.server.audit.models import Event
from rolecall.server.mail.post import post
from rolecall.server.people.models import User

__all__ = ["tell"]

_WORTH_A_MAIL: Final = MappingProxyType({
    "user:password:change": "Your password was changed",
    "user:factor:add": "A second factor was added to your login",
    "user:factor:remove": "A second factor was removed from your login",
    "user:link:use": "A one-time link was used to set your password",
})  # fmt: skip
_KINDS: Final = MappingProxyType(
    {"totp": "an authenticator app", "webauthn": "a passkey", "recovery_codes": "recovery codes"}
)


def tell(user: User, event: Event) -> None:
    """Mail a user about an event of theirs; the factors that one request changes are one mail.

    Args:
        user: whose login it is.
        event: as the audit trail has it; most are worth no mail.
    """
    if event.action not in _WORTH_A_MAIL:
        return
    subject = _WORTH_A_MAIL[event.action]
    what = _KINDS.get(str(event.detail.get("kind", "")), "")
    where = f" from {event.ip}" if event.ip else ""
    post(
        f"{event.action}:{event.request_id or event.public_id}",
        user.email,
        subject=subject,
        text=f"{subject}{f': {what}' if what else ''}, at {event.at:%Y-%m-%d %H:%M} UTC{where}.\n\n"
        "If it was you, nothing needs to be done. If it was not, set a new password at once, log "
        "out everywhere else, and tell a super administrator.",
        link="/me/",
        why="You get this because you are a user of Rolecall.",
        now=event.at,
    )
