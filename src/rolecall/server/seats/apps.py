"""Django's name for this noun, and what it wants to be told."""

from django.apps import AppConfig

__all__ = ["SeatsConfig"]


class SeatsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.seats"
    label = "seats"

    def ready(self) -> None:
        """Count seats whenever access has changed; show in the list of apps what they cost."""
        # Needs every model to be loaded.
        from rolecall.server.access import changed  # noqa: PLC0415
        from rolecall.server.access.pages.apps import More  # noqa: PLC0415
        from rolecall.server.access.pages.apps import register as show  # noqa: PLC0415
        from rolecall.server.seats.counted import follow  # noqa: PLC0415
        from rolecall.server.seats.counting import billed  # noqa: PLC0415
        from rolecall.server.seats.pages.overview import MONTHLY  # noqa: PLC0415

        changed.register("seats", follow)
        show("seats", More(column=MONTHLY, fetch=billed))
