"""Django's name for the templates and static files that every noun shares."""

from django.apps import AppConfig

__all__ = ["ProjectConfig"]


class ProjectConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.project"
    label = "project"
