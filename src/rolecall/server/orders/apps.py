"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["OrdersConfig"]


class OrdersConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.orders"
    label = "orders"
