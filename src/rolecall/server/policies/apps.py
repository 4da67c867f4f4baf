"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["PoliciesConfig"]


class PoliciesConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.policies"
    label = "policies"
