"""Django's name for this noun, and what it does once everything is loaded."""

from django.apps import AppConfig

__all__ = ["PeopleConfig"]


class PeopleConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.people"
    label = "people"

    def ready(self) -> None:
        """Listen to logins; have factors sealed again by a rotation of the keys."""
        # Both need every model to be loaded.
        from rolecall.server.people import factors  # noqa: PLC0415
        from rolecall.server.people.login import trail  # noqa: PLC0415

        trail.connect()
        factors.register()
