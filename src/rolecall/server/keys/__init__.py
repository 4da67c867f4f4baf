"""The keys that encrypt secrets at rest, and what is sealed with them."""
