"""PostgreSQL in a data folder of ours, for whoever has no database server."""
