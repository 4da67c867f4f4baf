"""Seats: how many are taken by whom, what they cost, and how that has changed."""
