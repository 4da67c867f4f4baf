"""The contract that every Baton tool understands. Knows nothing of Notion."""
