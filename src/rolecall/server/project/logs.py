"""Log lines of the server: for a person on a terminal, one JSON object a line everywhere else.

Only what is worth knowing is logged: starts, ends, failures. What people do is in the audit trail.
Secrets are taken out here, whoever logs them: by how they look, or by `connector.log.hide`.
"""

import logging
import sys
from typing import Any, Final

import structlog

from rolecall.connector.log import clean
from rolecall.server.keys.looks import without_secrets

__all__ = ["Formatter", "open_log"]

_QUIET: Final = ("procrastinate", "gunicorn.access", "httpx2", "httpcore2")
"""Loggers that say on INFO what nobody asks for."""


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Structlog's, and no secret leaves it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for an event, without secrets."""
        return without_secrets(clean(super().format(record)))


def open_log(process: str, level: int = logging.INFO) -> None:
    """Send what this process logs to standard error.

    Args:
        process: up, web or worker; stands in every line.
        level: below this nothing is logged.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _process(process),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        Formatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(terminal=sys.stderr.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Which pages were not found or refused is nobody's business, and fills disks.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    # It says on DEBUG every value that a page was given, and some pages show a secret once.
    logging.getLogger("django.template").setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(capture=True)


def _process(name: str) -> structlog.typing.Processor:
    def add(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:  # noqa: ANN401
        return {"process": name, **event}

    return add


def _rendering(*, terminal: bool) -> list[structlog.typing.Processor]:
    if terminal:
        return [structlog.dev.ConsoleRenderer()]
    # A traceback as text: the lines of the code, never the values of variables.
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
