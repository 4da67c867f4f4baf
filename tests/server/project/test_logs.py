"""What the server logs: lines for machines or people, and never a secret."""

import json
import subprocess
import sys

import pytest

CODE = """
import logging, sys
import structlog
from rolecall.server.project import logs
logs.open_log("web")
structlog.stdlib.get_logger("x").info("done", rows=3, who=sys.argv[1])
logging.getLogger("y").error("failed: %s", sys.argv[1])
try:
    password = "local " + "variable"
    raise ValueError(sys.argv[1])
except ValueError:
    logging.getLogger("z").exception("broke")
logging.getLogger("procrastinate").info("not worth knowing")
logging.getLogger("django.request").warning("not found")
"""


def logged(said: str) -> str:
    """What a process logs that says this in every way there is."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, said], capture_output=True, text=True, check=True
    )
    return done.stderr


def test_each_line_is_an_object():
    """Off a terminal: one JSON object a line, with process, level, moment and facts."""
    first, second, third = [json.loads(line) for line in logged("ana").splitlines()]

    assert first.items() >= {"event": "done", "rows": 3, "process": "web", "level": "info"}.items()
    assert second.items() >= {"event": "failed: ana", "level": "error", "logger": "y"}.items()
    assert "ValueError: ana" in third["exception"]
    assert first["timestamp"].endswith("Z")


def test_a_traceback_shows_no_values():
    """Lines of code, and not what variables held."""
    assert "local variable" not in logged("ana")


def test_what_a_page_was_given_is_never_logged():
    """Not even on DEBUG: one page shows a new key, another the secret of an authenticator."""
    code = (
        "import logging; from rolecall.server.project import logs; "
        "logs.open_log('web', logging.DEBUG); logging.getLogger('django').debug('this'); "
        "logging.getLogger('django.template').debug('in %s', {'secret': 'abc'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "this" in done.stderr
    assert "abc" not in done.stderr


@pytest.mark.parametrize(
    "secret",
    [
        "/login/link/lnk_6gwQYhIAsgNi.C9HX73_UBIt",
        "ntn" + "_1234567890abcdef",
        "secret" + "_1234567890abcdef",
        "rck" + "_1234567890abcdef",
        "Bearer abcdef.ghi",
        "secret-token:conductorone.com:v1:eyJrdHkiOiJPS1AiLCJjcnYiOiJFZDI1NTE5In0",
        "eyJhbGciOiJFZERTQSJ9." + "eyJpc3MiOiJhIn0" + ".c2lnbmF0dXJl",
        "postgresql://web:" + "pass-word@/rolecall",
        "smtp://a%40b.example:" + "pass-word@mail.example",
    ],
)
def test_no_secret_leaves(secret):
    """Whatever it is part of, what is secret about it is gone; what is not is still there."""
    text = logged(f"see {secret} here")
    tail = secret.rsplit("_" if "_1" in secret else "/" if "link" in secret else ":", 1)[-1]
    kept = tail.rpartition("@")[2] if "@" in tail else ""

    assert secret not in text
    assert tail.partition("@")[0].split()[-1] not in text
    assert text.count("[secret]") >= 3
    assert kept in text
    assert "here" in text
