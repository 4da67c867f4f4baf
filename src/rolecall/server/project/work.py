"""The worker process: carries out jobs until it is asked to stop."""

from typing import Final

__all__ = ["work"]

_GRACE_S: Final = 8.0
"""A job gets this long to end; then it is given up, and taken up again by another worker."""


def work(*, jobs_at_once: int) -> None:
    """Work until SIGTERM.

    Args:
        jobs_at_once: how many jobs run beside each other; most of a job is waiting for Notion.
    """
    from procrastinate.contrib.django import app  # noqa: PLC0415 - needs Django

    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        working.run_worker(
            concurrency=jobs_at_once,
            shutdown_graceful_timeout=_GRACE_S,
            delete_jobs="successful",
        )
