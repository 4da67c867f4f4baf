"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["ConnectorsConfig"]


class ConnectorsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.connectors"
    label = "connectors"
