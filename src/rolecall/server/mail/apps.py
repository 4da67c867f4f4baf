"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["MailConfig"]


class MailConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.mail"
    label = "mail"
