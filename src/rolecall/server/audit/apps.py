"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["AuditConfig"]


class AuditConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.audit"
    label = "audit"
