"""Django's name for this noun, and what it wants to be told."""

from django.apps import AppConfig

__all__ = ["OrdersConfig"]


class OrdersConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.orders"
    label = "orders"

    def ready(self) -> None:
        """Hear of tasks that end and syncs that are applied."""
        from rolecall.server.access import origins  # noqa: PLC0415 - models are ready now
        from rolecall.server.connectors.ended import register  # noqa: PLC0415 - models are ready now
        from rolecall.server.orders import origin  # noqa: PLC0415
        from rolecall.server.orders.carrying import ended  # noqa: PLC0415
        from rolecall.server.orders.verifying import applied  # noqa: PLC0415

        origins.register(origin)
        register("orders", on_task_end=ended, on_sync_applied=applied)
