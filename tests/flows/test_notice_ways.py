"""The two ways of telling what changed, and what happens when nobody listens."""

import asyncio
import os
import socket
import tempfile
import time
from datetime import UTC, datetime

import pytest
from receiving import SECRET, receiving, until

from rolecall.connector.notice import Command, Webhook
from rolecall.errors import BadConfig, Refused, Unreachable


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def post(url: str, body: bytes = b"{}") -> None:
    """Send one message, with short waits between tries."""
    hook = Webhook(url=url, key=bytes(range(24)), user_agent="test", first_wait_s=0.01)
    asyncio.run(hook.post(body, message_id="msg_1", now=now))


def run(text: str, changes: bytes = b"[]", *, limit_s: float = 20.0) -> None:
    """Run one command."""
    environ = {"PATH": os.environ["PATH"]}
    made = Command.parsed(text, environ=environ, hide=lambda said: said.replace("s3cret", "***"))
    limited = Command(words=made.words, environ=environ, hide=made.hide, limit_s=limit_s)
    with tempfile.TemporaryFile() as file:
        file.write(changes)
        asyncio.run(limited.run(file))


def test_a_message_is_signed_and_taken():
    """Id, time and signature are there, and the secret is not."""
    with receiving() as receiver:
        post(receiver.url, b'{"a": 1}')

    (message,) = receiver.messages
    assert message.signed
    assert message.said == {"a": 1}
    assert message.headers["webhook-id"] == "msg_1"
    assert message.headers["content-type"] == "application/json"
    assert SECRET not in str(message)


def test_tried_again_under_one_id():
    """A receiver that fails gets the same message again, signed for the new time."""
    with receiving([500, 429, 404]) as receiver:
        post(receiver.url)

    assert len(receiver.messages) == 4
    assert {one.headers["webhook-id"] for one in receiver.messages} == {"msg_1"}
    assert all(one.signed for one in receiver.messages)


def test_given_up_after_some_tries():
    """Who never takes it is left alone in the end."""
    with receiving([500] * 20) as receiver, pytest.raises(Unreachable, match="500"):
        post(receiver.url)

    assert len(receiver.messages) == 5


def test_nobody_listens():
    """A closed port is reported without the address's path."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Unreachable, match="did not answer") as failed:
        post(f"http://127.0.0.1:{port}/private-path")

    assert "private-path" not in str(failed.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int):
    """Neither on the same host nor elsewhere, and it is not tried again."""
    with (
        receiving() as elsewhere,
        receiving([status], Location=elsewhere.url) as receiver,
        pytest.raises(Refused, match="redirect"),
    ):
        post(receiver.url)

    assert len(receiver.messages) == 1
    assert elsewhere.messages == []


def test_gone_is_taken_at_its_word():
    """410 ends it at once."""
    with receiving([410]) as receiver, pytest.raises(Refused, match="410"):
        post(receiver.url)

    assert len(receiver.messages) == 1


def test_a_command_reads_the_changes(tmp_path):
    """From the beginning, whatever was read or written of them before."""
    run(f"sh -c 'cat > {tmp_path}/got'", b'[{"a": 1}]')

    assert (tmp_path / "got").read_bytes() == b'[{"a": 1}]'


def test_a_command_need_not_read():
    """A megabyte that nobody reads stops nobody."""
    run("true", b"x" * 1_000_000)


def test_a_command_that_is_not_there():
    """The program's name is in the error."""
    with pytest.raises(BadConfig, match="no-such-program"):
        run("no-such-program --flag")


def test_a_failed_command_is_quoted_without_secrets():
    """Status and last words are told, bounded, and without what is to be hidden."""
    with pytest.raises(Refused, match="status 3") as failed:
        run("sh -c 'yes | head -c 1000000; echo my s3cret is out >&2; exit 3'")

    assert "my *** is out" in str(failed.value)
    assert "s3cret" not in str(failed.value)
    assert len(str(failed.value)) < 3000


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path):
    """After the limit, also what it has started is gone."""
    begun = time.monotonic()
    with pytest.raises(Refused, match="longer than"):
        run(f"sh -c 'sleep 60 & echo $! > {tmp_path}/pid; wait'", limit_s=0.5)

    assert time.monotonic() - begun < 15
    child = int((tmp_path / "pid").read_text())
    until(lambda: not alive(child), seconds=5)


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - no file
            return stat.read().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_whose_child_keeps_its_output_open():
    """A background process that holds the pipe does not hold us."""
    begun = time.monotonic()
    run("sh -c 'sleep 8 & exit 0'")

    assert time.monotonic() - begun < 6
