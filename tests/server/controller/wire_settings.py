"""The server's settings, with times for processes that are killed: leases lapse within seconds."""

from dataclasses import replace

from quick_pace import QUICK

from rolecall.server.project.settings import *  # noqa: F403 - all of them

ROLECALL_PACE = replace(
    QUICK,
    vouched_lease_s=8.0,
    change_lease_s=8.0,
    next_heartbeat_s=1.0,
    idle_poll_s=0.2,
    busy_poll_s=0.1,
    put_off_s=1.0,
)
