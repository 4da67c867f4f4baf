"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["PeopleConfig"]


class PeopleConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.people"
    label = "people"
