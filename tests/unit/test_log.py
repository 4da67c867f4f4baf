"""Log lines: their shape, and what is never in them."""

import io
import json
import logging
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from rolecall.connector import log
from rolecall.errors import BadConfig

HIDDEN = 'a-secret-"value"'


def a_line(style: str, message: str, **facts: object) -> str:
    """The line for one event."""
    record = logging.LogRecord("rolecall", logging.WARNING, log.__file__, 7, message, None, None)
    record.facts = facts
    return log.Lines(style).format(record)


def test_json_lines_begin_with_the_keys_of_the_go_runner():
    """level, ts, caller, msg, then the facts as they are."""
    line = json.loads(a_line("json", "Zoë", count=3, where=Path("/x")))

    assert list(line) == ["level", "ts", "caller", "msg", "count", "where"]
    assert (line["level"], line["msg"], line["count"]) == ("warn", "Zoë", 3)
    assert line["caller"] == "connector/log.py:7"


def test_console_lines_are_for_eyes():
    """Level, message, facts."""
    assert a_line("console", "Slow", seconds=3) == "warn   Slow  seconds=3"


@pytest.mark.parametrize("style", ["json", "console"])
def test_hidden_values_are_shown_nowhere(style: str):
    """Neither in the message nor in a fact, nor as JSON writes them."""
    log.hide(HIDDEN, "", "abc")

    line = a_line(style, f"It is {HIDDEN}.", token=HIDDEN, other="abc")

    assert "a-secret" not in line
    assert line.count("[secret]") == 2
    assert "abc" in line
    assert log.clean(f"<{HIDDEN}>") == "<[secret]>"


def test_a_caller_outside_is_named_by_its_file():
    """Whoever logs from elsewhere is named without a path."""
    record = logging.LogRecord("rolecall", logging.INFO, "/elsewhere/x.py", 1, "m", None, None)

    assert json.loads(log.Lines("json").format(record))["caller"] == "x.py:1"


def test_what_a_line_is_about():
    """Facts of the surroundings come first, what the line itself says wins, and both end there."""
    with log.about(task_id="a", host="h"), log.about(task_id="b"):
        inside = a_line("console", "Slow", seconds=3)
        own = a_line("console", "Slow", task_id="c")

    assert inside == "warn   Slow  task_id=b  host=h  seconds=3"
    assert own == "warn   Slow  task_id=c  host=h"
    assert a_line("console", "Slow") == "warn   Slow"


def test_levels_and_places(tmp_path: Path):
    """Only what is important enough is written, to each place that was named."""
    file = tmp_path / "run.log"
    said = io.StringIO()
    with redirect_stderr(said):
        log.open_log("warn", None, ["stderr", str(file)])
        log.debug("d")
        log.info("i")
        log.warn("w", n=1)
        log.error("e")
    assert log.is_open()
    log.open_log("info", None, [])

    assert not log.is_open()
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [(line["level"], line["msg"]) for line in lines] == [("warn", "w"), ("error", "e")]
    assert file.read_text() == said.getvalue()
    assert lines[0]["caller"].startswith("test_log.py:")


def test_stdout_is_a_place_too(capsys: pytest.CaptureFixture[str]):
    """Who names stdout gets it there."""
    log.open_log("info", "console", ["stdout"])
    log.info("here")
    log.open_log("info", None, [])

    assert capsys.readouterr().out == "info   here\n"
    assert sys.stdout is not None


def test_a_place_that_cannot_be_written(tmp_path: Path):
    """It is named."""
    with pytest.raises(BadConfig, match="--log-path"):
        log.open_log("info", None, [str(tmp_path / "no" / "x.log")])
