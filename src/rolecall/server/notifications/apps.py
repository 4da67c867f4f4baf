"""Django's name for this noun."""

from django.apps import AppConfig

from rolecall.server.keys.rotation import register

__all__ = ["NotificationsConfig"]


class NotificationsConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.notifications"
    label = "notifications"

    def ready(self) -> None:
        """Have the webhook's secret sealed again when keys rotate."""
        from rolecall.server.notifications.webhook import reseal  # noqa: PLC0415 - models are ready

        register("notifications", reseal)
