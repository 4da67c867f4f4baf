"""Service mode: the connector holds a connection with a controller and works through its tasks.

Knows Baton's protocol and nothing of Notion; what a task comes to is decided by the handlers that
are given to it.
"""
