"""Notion in Baton's terms, and the `rolecall-notion` command."""
