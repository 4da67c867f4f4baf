"""Mail that goes out: a row first, then a hand-over to the server, at most once per event."""
