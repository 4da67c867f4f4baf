"""The worker process: carries out jobs until it is asked to stop."""

from typing import Final

from rolecall.connector.command import no_core_file

__all__ = ["work"]

_GRACE_S: Final = 2.0
"""A job gets this long to end; a sync that takes longer is then stopped, which takes it a second,
and given back for another worker."""


def work(*, jobs_at_once: int) -> None:
    """Work until SIGTERM.

    Args:
        jobs_at_once: how many jobs run beside each other; most of a job is waiting for Notion.
    """
    from procrastinate.contrib.django import app  # noqa: PLC0415 - needs Django

    from rolecall.server.connectors.pace import pace  # noqa: PLC0415 - the same

    no_core_file()
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        working.run_worker(
            concurrency=jobs_at_once,
            shutdown_graceful_timeout=_GRACE_S,
            update_heartbeat_interval=pace().heartbeat_s,
            stalled_worker_timeout=pace().stalled_s,
            delete_jobs="successful",
        )
