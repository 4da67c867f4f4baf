"""Baton messages: our own .proto text, and the code generated from it."""
