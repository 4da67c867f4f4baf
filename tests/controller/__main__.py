"""`python -m controller` with `tests` on the path: a controller in the foreground, for demos.

Prints the connector's settings as shell `export` lines, then queues work: a sync every so often,
and for each line on standard input, a task in JSON. Says on standard output how each task ended.
"""

import argparse
import sys
import threading
import time

from google.protobuf import json_format

from controller.board import Board, Entry
from controller.service import Controller, Pace
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api


def main() -> None:
    """Run for the given time, or until it is stopped."""
    parser = argparse.ArgumentParser(prog="controller", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long to stay; 0: for ever")
    parser.add_argument("--sync-every", type=float, default=0.0, help="seconds; 0 queues no syncs")
    given = parser.parse_args()
    board = Board(clock=time.monotonic, tries=5)
    with Controller(board=board, port=given.port, pace=Pace(next_poll=0.5)) as running:
        for name, value in running.environ.items():
            print(f"export {name}={value}", flush=True)
        threading.Thread(target=_read_tasks, args=(running,), daemon=True).start()
        _serve(running, given.seconds or float("inf"), given.sync_every)


def _serve(running: Controller, seconds: float, sync_every: float) -> None:
    begun, next_sync, told = time.monotonic(), 0.0, set[str]()
    while time.monotonic() - begun < seconds:
        if sync_every and time.monotonic() - begun >= next_sync:
            running.enqueue(api.Task(sync_full=api.Task.SyncFullTask(storage_engine="sqlite")))
            next_sync += sync_every
        for task_id, entry in list(running.board.entries.items()):
            if entry.ended and task_id not in told:
                told.add(task_id)
                _tell(entry)
        time.sleep(0.1)


def _tell(entry: Entry) -> None:
    last = entry.finishes[-1].request if entry.finishes else None
    said = f": {last.status.message.splitlines()[0]}" if last and last.status.message else ""
    size = f", {entry.applied.path.stat().st_size} bytes uploaded" if entry.applied else ""
    print(f"{entry.kind} {entry.state}{said}{size}", flush=True)


def _read_tasks(running: Controller) -> None:
    for line in sys.stdin:
        running.enqueue(json_format.Parse(line, api.Task()))


if __name__ == "__main__":
    main()
