"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["FilesConfig"]


class FilesConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.files"
    label = "files"
