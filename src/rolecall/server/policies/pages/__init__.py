"""The pages of policies: they parse, call and render."""
