"""Rolecall: self-hosted access governance for Notion."""
