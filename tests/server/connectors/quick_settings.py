"""The server's settings, with a worker whose minutes are seconds."""

from quick_pace import QUICK

from rolecall.server.project.settings import *  # noqa: F403 - all of them

ROLECALL_PACE = QUICK
