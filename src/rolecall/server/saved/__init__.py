"""Saved views of tables, and the columns that each user chose."""
