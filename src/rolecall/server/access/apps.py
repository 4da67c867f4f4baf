"""Django's name for this noun, and what it wants to be told."""

from django.apps import AppConfig

__all__ = ["AccessConfig"]


class AccessConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.access"
    label = "access"

    def ready(self) -> None:
        """Match accounts again whenever persons change; name apps for who has a role over one."""
        # Needs every model to be loaded.
        from rolecall.server.access.finding import apps_named  # noqa: PLC0415
        from rolecall.server.access.matching import people_changed  # noqa: PLC0415
        from rolecall.server.people import changed, scopes  # noqa: PLC0415

        changed.register("access", people_changed)
        scopes.register("app", apps_named)
