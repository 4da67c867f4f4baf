"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["AccessConfig"]


class AccessConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.access"
    label = "access"
