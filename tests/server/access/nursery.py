"""A process that is ready to take files in, and forks a child for each: the child can be killed.

Reads `PATH APP NOW` lines; answers `pid N`, and `ended STATUS` when the child is gone. Run by
`test_intake_kills.py` with the environment of a worker.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

import django


def main() -> None:
    """Answer until the input ends."""
    django.setup()
    from rolecall.server.access.intake import take_in  # noqa: PLC0415 - Django must be set up

    print("ready", flush=True)
    for line in sys.stdin:
        path, app, now = line.split()
        if (pid := os.fork()) == 0:
            take_in(Path(path), app_id=int(app), task_id="", now=datetime.fromisoformat(now))
            os._exit(0)
        print(f"pid {pid}", flush=True)
        _, status = os.waitpid(pid, 0)
        print(f"ended {status}", flush=True)


if __name__ == "__main__":
    main()
