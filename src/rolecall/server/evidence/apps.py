"""Django's name for this noun."""

from django.apps import AppConfig

__all__ = ["EvidenceConfig"]


class EvidenceConfig(AppConfig):
    """Registered in the settings."""

    name = "rolecall.server.evidence"
    label = "evidence"
