"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["SearchConfig"]


class SearchConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.search"
    label = "search"
