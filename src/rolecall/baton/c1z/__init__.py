"""The c1z file, one SQLite database behind magic and zstd: write, read, verify, compare."""
