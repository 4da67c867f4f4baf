"""The web process: gunicorn, a few processes with two threads each."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from django.utils.module_loading import import_string
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from rolecall.server.project.config import Web

__all__ = ["serve"]

_GRACE_S: Final = 8
"""Requests get this long to end when the process is asked to stop."""


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # it comes without types
    """Gunicorn with our settings, and no file or argument that could change them."""

    def __init__(self, options: dict[str, Any], application: str) -> None:
        self.options, self.application = options, application
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """What it serves; imported in each process."""
        served: Callable[..., Any] = import_string(self.application)
        return served


class _Logger(Logger):  # type: ignore[misc]  # it comes without types
    """Gunicorn's messages, by way of our log."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - gunicorn's own
        """Hand everything on to the root logger."""
        self.cfg = cfg
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class _Worker(ThreadWorker):  # type: ignore[misc]  # it comes without types
    """Takes a connection only while one of its threads has nothing to do.

    Gunicorn's own takes all that come, and they wait behind one process while another is idle; here
    they wait in the kernel's queue, where whoever came first is served first, by whoever is free.
    """

    _busy = 0
    """Requests that are answered or wait for a thread; only the main thread counts."""

    def enqueue_req(self, conn: TConn) -> None:
        """Have it answered, and take no other if that was the last thread."""
        self._busy += 1
        super().enqueue_req(conn)
        self.set_accept_enabled(self._accepting)

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """It is answered; before the next turn of its loop, gunicorn asks whether to take more."""
        self._busy -= 1
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's own
        """Gunicorn knows whether it has room for connections, we whether a thread is free."""
        super().set_accept_enabled(enabled and self._busy < self.cfg.threads)


def serve(web: Web, application: str = "rolecall.server.project.wsgi.application") -> None:
    """Serve until SIGTERM; never returns.

    Args:
        web: where, and by how many processes.
        application: what, as module and name; each process imports it.
    """
    proxies = "*" if web.behind_proxy else "127.0.0.1,::1"
    _Gunicorn(
        {
            "bind": web.bind,
            "workers": web.processes,
            "threads": 2,
            "worker_class": _Worker,
            "timeout": 60,
            "graceful_timeout": _GRACE_S,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "forwarded_allow_ips": proxies,
            "control_socket_disable": True,
            "logger_class": _Logger,
            "proc_name": "rolecall-web",
        },
        application,
    ).run()
