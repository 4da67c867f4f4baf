"""Django's name for this noun, and what it wants to be told."""

from django.apps import AppConfig

__all__ = ["SeatsConfig"]


class SeatsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.seats"
    label = "seats"

    def ready(self) -> None:
        """Count seats whenever access has changed."""
        # Needs every model to be loaded.
        from rolecall.server.access import changed  # noqa: PLC0415
        from rolecall.server.seats.counted import follow  # noqa: PLC0415

        changed.register("seats", follow)
