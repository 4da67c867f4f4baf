"""Django's name for this noun, and what tables ask it."""

from django.apps import AppConfig

__all__ = ["SavedConfig"]


class SavedConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.saved"
    label = "saved"

    def ready(self) -> None:
        """Tell tables what their viewer has saved."""
        # Needs every model to be loaded.
        from rolecall.server.saved.telling import remembered  # noqa: PLC0415
        from rolecall.server.tables import memory  # noqa: PLC0415

        memory.register(remembered)
