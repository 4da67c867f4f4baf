"""Django's name for this noun."""

from django.apps import AppConfig

from rolecall.server.keys.rotation import register

__all__ = ["ConnectorsConfig"]


class ConnectorsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.connectors"
    label = "connectors"

    def ready(self) -> None:
        """Have our secrets sealed again when keys rotate; name connectors for their owners."""
        # Needs every model to be loaded.
        from rolecall.server.connectors.finding import connectors_named  # noqa: PLC0415
        from rolecall.server.connectors.vault import reseal  # noqa: PLC0415
        from rolecall.server.people import scopes  # noqa: PLC0415

        register("connectors", reseal)
        scopes.register("connector", connectors_named)
