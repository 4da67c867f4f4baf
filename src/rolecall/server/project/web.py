"""The web process: gunicorn, a few processes with two threads each."""

import logging
from collections.abc import Callable
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from rolecall.server.project.config import Web

__all__ = ["serve"]

_GRACE_S: Final = 8
"""Requests get this long to end when the process is asked to stop."""


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # it comes without types
    """Gunicorn with our settings, and no file or argument that could change them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """What it serves; imported in each process."""
        from rolecall.server.project.wsgi import application  # noqa: PLC0415

        return application


class _Logger(Logger):  # type: ignore[misc]  # it comes without types
    """Gunicorn's messages, by way of our log."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - gunicorn's own
        """Hand everything on to the root logger."""
        self.cfg = cfg
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
        self.error_log.setLevel(logging.WARNING)


def serve(web: Web) -> None:
    """Serve until SIGTERM; never returns."""
    proxies = "*" if web.behind_proxy else "127.0.0.1,::1"
    _Gunicorn(
        {
            "bind": web.bind,
            "workers": web.processes,
            "threads": 2,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": _GRACE_S,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "forwarded_allow_ips": proxies,
            "control_socket_disable": True,
            "logger_class": _Logger,
            "proc_name": "rolecall-web",
        }
    ).run()
