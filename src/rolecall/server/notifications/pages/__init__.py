"""The pages of notifications: they parse, call and render."""
