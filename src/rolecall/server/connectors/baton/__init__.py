"""Rows of ours as Baton's messages."""
