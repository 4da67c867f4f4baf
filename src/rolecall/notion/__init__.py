"""What Notion says, and what we may tell it. Knows nothing of Baton."""
