"""Django's name for this noun."""

from django.apps import AppConfig

from rolecall.server.keys.rotation import register

__all__ = ["ConnectorsConfig"]


class ConnectorsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.connectors"
    label = "connectors"

    def ready(self) -> None:
        """Have our secrets sealed again when keys rotate."""
        from rolecall.server.connectors.vault import reseal  # noqa: PLC0415 - models are ready now

        register("connectors", reseal)
