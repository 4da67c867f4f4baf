"""Decisions, the orders they come to, what a person must do by hand, and drift."""

from rolecall.server.orders.models.decisions import Decision
from rolecall.server.orders.models.drift import Drift
from rolecall.server.orders.models.orders import LIVE, ManualStep, Order

__all__ = ["LIVE", "Decision", "Drift", "ManualStep", "Order"]
