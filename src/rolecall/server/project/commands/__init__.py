"""The commands of `rolecall`, one module each; a command asks, calls, and prints."""
