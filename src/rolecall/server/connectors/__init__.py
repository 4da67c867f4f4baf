"""Connectors, their owners, settings and secrets, and the tasks they carry out."""
