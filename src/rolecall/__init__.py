"""Rolecall: self-hosted access governance for Notion."""

__all__ = ["__version__"]

__version__ = "0.1.0"
