"""A Notion workspace on your laptop. Imports nothing of rolecall, and nothing of rolecall imports it."""
