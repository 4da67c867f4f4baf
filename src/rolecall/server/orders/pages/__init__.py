"""The pages of decisions, orders, manual steps and drift: parse, call, render."""
