"""What allauth asks us: nobody signs up, secrets are sealed, messages are few.

Its settings are in `project/settings.py`; its pages are in `people/templates`, in our frame.
"""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest

from rolecall.server.people.factors import AAD
from rolecall.server.people.sealed import open_text, seal_text

__all__ = ["Accounts", "Factors", "SingleSignOn"]


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Login by password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's
        """Users are invited."""
        return False

    def add_message(
        self, request: HttpRequest, level: int, *args: object, **kwargs: object
    ) -> None:
        """That one is logged in, one sees; what went wrong, one has to be told."""
        if level >= messages.WARNING:
            super().add_message(request, level, *args, **kwargs)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Back to one's own page."""
        return "/me/"


class SingleSignOn(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Login by the company's identity provider, for users who were invited."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:  # noqa: ARG002
        """An address that the provider vouches for finds its user; nobody becomes one by it."""
        return False


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, and passkeys."""

    def encrypt(self, text: str) -> str:
        """Sealed, as all secrets at rest."""
        return seal_text(text, AAD)

    def decrypt(self, encrypted_text: str) -> str:
        """Opened."""
        return open_text(encrypted_text, AAD)

    def get_totp_issuer(self) -> str:
        """What an authenticator app calls us."""
        return f"Rolecall {settings.CONFIG.host}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to the public address, whatever host a request names."""
        return {"id": settings.CONFIG.host, "name": "Rolecall"}
