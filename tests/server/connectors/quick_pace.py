"""Minutes become seconds, for connectors and their workers."""

from rolecall.notion.client import Patience
from rolecall.server.connectors.pace import Pace

__all__ = ["QUICK"]

QUICK = Pace(
    lease_s=2.0,
    beat_s=0.05,
    heartbeat_s=0.5,
    sweep_cron="* * * * * *",
    due_cron="* * * * * *",
    patience=Patience(attempts=3, total_s=5.0, first_wait_s=0.01, longest_wait_s=0.05),
    requests_per_second=0,
    again_s=(2.0, 4.0, 8.0),
)
