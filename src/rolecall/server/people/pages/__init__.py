"""The pages of people: they parse, call and render; the modules above decide."""
