"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["SeatsConfig"]


class SeatsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.seats"
    label = "seats"
