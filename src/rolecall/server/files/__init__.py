"""Bytes worth keeping (`.c1z`, exports), in chunks in the database, with digest and retention."""
