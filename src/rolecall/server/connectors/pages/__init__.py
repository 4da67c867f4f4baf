"""The pages of connectors: parse, call, render."""
