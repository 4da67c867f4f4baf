"""The pages of seats: they parse, call and render."""
