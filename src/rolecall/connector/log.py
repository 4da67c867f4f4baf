"""What the connector says while it works: JSON lines for machines, plain lines on a terminal.

The keys are the Go runner's (`level`, `ts`, `caller`, `msg`, then the facts), on stderr, so that
the same log pipelines read both. Secrets are taken out in one place, here, whoever logs them.
"""

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, TextIO

from rolecall.errors import BadConfig

__all__ = [
    "Lines",
    "about",
    "clean",
    "debug",
    "error",
    "hide",
    "info",
    "is_open",
    "open_log",
    "warn",
]

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_NAMES: Final = {number: name for name, number in _LEVELS.items()}
_SOURCE: Final = Path(__file__).parents[1]

MIN_SECRET: Final = 6
"""Shorter values are not worth hiding, and hiding them would garble every line."""


_secrets: set[str] = set()


def hide(*values: str) -> None:
    """Never show these values from now on; empty and very short ones are passed over."""
    for value in values:
        if len(value) >= MIN_SECRET:
            _secrets.update((value, json.dumps(value)[1:-1]))  # as it is, and as JSON has it


def clean(text: str) -> str:
    """The text without any value that is to be hidden."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


_about: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 - never changed in place


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Every line that is logged inside, by whatever is awaited there, also tells these facts."""
    before = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(before)


class Lines(logging.Formatter):
    """One line per event, without secrets.

    Args:
        style: `json` or `console`.
    """

    def __init__(self, style: str) -> None:
        super().__init__()
        self._plain = style == "console"

    def format(self, record: logging.LogRecord) -> str:
        """The line for an event, without secrets."""
        facts = {**_about.get(), **getattr(record, "facts", {})}
        level = _NAMES.get(record.levelno, "info")
        if self._plain:
            told = "".join(f"  {key}={value}" for key, value in facts.items())
            return clean(f"{level:5}  {record.getMessage()}{told}")
        line = {
            "level": level,
            "ts": round(record.created, 6),
            "caller": f"{_place(record.pathname)}:{record.lineno}",
            "msg": record.getMessage(),
            **facts,
        }
        return clean(json.dumps(line, default=str, ensure_ascii=False, separators=(",", ":")))


def _place(pathname: str) -> str:
    path = Path(pathname)
    return str(path.relative_to(_SOURCE)) if path.is_relative_to(_SOURCE) else path.name


_log: Final = logging.getLogger("rolecall")


def debug(message: str, /, **facts: object) -> None:
    """Detail for whoever looks for a fault."""
    _log.debug(message, extra={"facts": facts}, stacklevel=2)


def info(message: str, /, **facts: object) -> None:
    """A unit of work was done."""
    _log.info(message, extra={"facts": facts}, stacklevel=2)


def warn(message: str, /, **facts: object) -> None:
    """It goes on, and somebody should know."""
    _log.warning(message, extra={"facts": facts}, stacklevel=2)


def error(message: str, /, **facts: object) -> None:
    """It does not go on."""
    _log.error(message, extra={"facts": facts}, stacklevel=2)


def is_open() -> bool:
    """Whether what is logged goes anywhere."""
    return bool(_log.handlers)


def open_log(level: str, style: str | None, paths: Iterable[str]) -> None:
    """Send what is logged to these places, and to no others.

    Args:
        level: `debug`, `info`, `warn` or `error`.
        style: `json`, `console`, or None for console on a terminal and JSON elsewhere.
        paths: `stderr`, `stdout`, or file names, which are appended to.

    Raises:
        BadConfig: a file cannot be written.
    """
    for old in list(_log.handlers):
        _log.removeHandler(old)
        old.close()
    _log.propagate = False
    _log.setLevel(_LEVELS[level])
    for path in paths:
        handler = _handler(path)
        terminal = path == "stderr" and sys.stderr.isatty()
        handler.setFormatter(Lines(style or ("console" if terminal else "json")))
        _log.addHandler(handler)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at that moment: a progress bar may have put itself before it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _handler(path: str) -> logging.Handler:
    if path == "stderr":
        return _Stderr(sys.stderr)
    if path == "stdout":
        return logging.StreamHandler(sys.stdout)
    try:
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise BadConfig(f"--log-path: cannot write {path} ({error.strerror}).") from error
