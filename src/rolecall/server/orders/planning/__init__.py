"""From wishes to rows of a plan: what each comes to, what it means, and whether it may be done."""

from rolecall.server.orders.planning.rows import above, row

__all__ = ["above", "row"]
