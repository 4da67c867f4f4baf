"""The channel and its tokens: one connection, no gap between tokens, and what goes wrong there."""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from controller.authority import certify
from controller.board import Board
from controller.mishaps import Mishap
from controller.service import Controller, unknown_id
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.channel import CHUNK, _pieces
from rolecall.baton.service.channel import Controller as Channel
from rolecall.errors import BadToken, Error, Gone, NotionBroken, Retry, Unreachable
from working import QUICK, Working, channel_to

CODE = grpc.StatusCode
SYNC = api.Task(sync_full=api.Task.SyncFullTask())
GRANT = api.Task(grant=api.Task.GrantTask())


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller that knows one connector and has nothing to do."""
    with Controller() as running:
        yield running


def over(other: Controller, talk: Callable[[Channel], Awaitable[Any]], **how: Any) -> Any:
    """What a talk over a new channel comes to."""

    async def main() -> Any:
        async with channel_to(other, **how) as channel:
            return await talk(channel)

    return asyncio.run(main())


def sending(task: str, file: Path) -> Callable[[Channel], Awaitable[None]]:
    """The talk that uploads a file for a task."""

    async def talk(channel: Channel) -> None:
        with file.open("rb") as source:
            await channel.upload(task, source)

    return talk


def leased(other: Controller) -> str:
    """A sync that `here` has taken."""
    task = other.enqueue(SYNC)
    assert other.board.take("here")
    return task


# One connection


def test_one_connection_for_many_calls(other: Controller):
    """A hundred tasks, their ends and their polls: one TLS connection, and one for the token."""
    ids = [other.enqueue(GRANT) for _ in range(100)]
    with Working(other=other):
        for one in ids:
            other.wait_finished(one, 30)
    calls = [one for one in other.received() if one.kind != "Token"]

    assert len(calls) >= 200
    assert len(other.connections("h2")) == 1
    assert len(other.connections("http/1.1")) == len(other.received("Token")) == 1


def test_a_cut_connection_is_replaced(other: Controller):
    """After a cut there is another connection, and nothing but time is lost."""
    with Working(other=other):
        other.wait_for("GetTask")
        other.cut()
        done = other.wait_finished(other.enqueue(GRANT))

    assert done.state == "done"
    assert len(other.connections("h2")) == 2


# Tokens


def test_tokens_are_renewed_before_they_end(other: Controller):
    """With tokens of two seconds no call is ever refused, and a new one comes for each."""
    other.doorkeeper.token_life_s = 2.0
    with Working(other=other) as working:
        other.wait_for("GetTask")
        time.sleep(4.5)
        working.stop()

    assert all(working.heard)
    assert 3 <= len(other.received("Token")) <= 5


def test_nobody_waits_for_the_next_token(other: Controller):
    """While the next token is fetched, and that takes its time, calls go on with the old one."""
    other.doorkeeper.token_life_s = 5.0
    other.spoil(Mishap(on="Token", do="hold", nth=2, seconds=0.8))
    with Working(other=other) as working:
        other.wait_for("Token", 2)
        begun = time.monotonic()
        other.wait_for("GetTask", len(other.received("GetTask")) + 3)
        took = time.monotonic() - begun
        working.stop()

    assert took < 0.7
    assert all(working.heard)


def test_closing_leaves_no_renewal_behind(other: Controller):
    """Who closes the channel while the next token is fetched leaves no task, and so no socket."""
    other.doorkeeper.token_life_s = 5.0
    other.spoil(Mishap(on="Token", do="hold", nth=2, seconds=3.0))

    async def main() -> set[str]:
        async with channel_to(other) as channel:
            while len(other.received("Token")) < 2:
                await channel.get_task()
                await asyncio.sleep(0.05)
        return {one.get_name() for one in asyncio.all_tasks() - {asyncio.current_task()}}

    assert asyncio.run(main()) == set()


def test_a_token_is_used_to_its_end_if_there_is_no_other(other: Controller):
    """A token endpoint that fails for a while makes no gap as long as the old token is good."""
    other.doorkeeper.token_life_s = 3.0
    other.spoil(Mishap(on="Token", do="refuse", nth=2, status=500))
    with Working(other=other) as working:
        other.wait_for("Token", 2)
        time.sleep(0.4)
        working.stop()

    assert all(working.heard)
    assert "could not be renewed yet" in working.said


def test_a_token_forgotten_in_the_middle(other: Controller):
    """Unauthenticated in the middle is mended by a new token, unseen by whoever called."""
    with Working(other=other) as working:
        other.wait_for("GetTask", 2)
        other.forget_tokens()
        done = other.wait_finished(other.enqueue(GRANT))
        working.stop()

    assert done.state == "done"
    assert all(working.heard)
    assert len(other.received("Token")) == 2


def test_credentials_revoked_in_the_middle(other: Controller):
    """Who is refused again and again gives up with the refusal, and hands back before."""
    with Working(other=other, limits=replace(QUICK, failures=3)) as working:
        other.wait_for("GetTask")
        other.doorkeeper.clients.clear()
        other.forget_tokens()
        working.join()

    assert isinstance(working.error, BadToken)


@pytest.mark.parametrize("ahead_s", [-60.0, 60.0])
def test_a_minute_of_skew(other: Controller, ahead_s: float):
    """A clock that is a minute off does not keep us out."""
    other.doorkeeper.leeway_s = 0
    with Working(other=other, ahead_s=ahead_s):
        assert other.wait_finished(other.enqueue(GRANT)).state == "done"


def test_an_hour_of_skew_is_told(other: Controller):
    """A clock that is an hour off ends in a message that speaks of the clock."""
    with Working(other=other, ahead_s=3600.0) as working:
        working.join()

    assert isinstance(working.error, BadToken)
    assert "clock" in str(working.error)


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap(on="Token", do="html", status=200, times=2),
        Mishap(on="Token", do="html", status=403, times=2),
        Mishap(on="Token", do="refuse", status=503, times=2),
        Mishap(on="Token", do="refuse", status=429, times=2),
        Mishap(on="Token", do="refuse", status=200, times=2),
        Mishap(on="Token", do="cut_before", times=2),
        Mishap(on="Token", do="cut_after", times=2),
    ],
    ids=lambda one: f"{one.do} {one.status}",
)
def test_a_token_endpoint_that_is_unwell_is_asked_again(other: Controller, mishap: Mishap):
    """A proxy's page, an overload and a cut are no refusal of our credentials."""
    other.spoil(mishap)
    with Working(other=other):
        other.wait_for("GetTask")

    assert mishap.fired == 2


# A controller that is away


def test_a_controller_that_is_down_for_long(other: Controller):
    """It is asked again with growing pauses, little is logged, and then work goes on."""
    with Working(
        other=other, limits=replace(QUICK, first_pause=0.02, longest_pause=0.5)
    ) as working:
        other.wait_for("GetTask")
        other.down()
        time.sleep(3.0)
        lines = [said for said, _ in working.lines if "cannot be reached" in said]
        task = other.enqueue(GRANT)
        other.up()
        done = other.wait_finished(task, 10)

    assert done.state == "done"
    assert 3 <= len(lines) <= 15


def test_a_controller_that_is_down_from_the_start(other: Controller):
    """Each try is told once, with what a person can do about it."""
    other.down()
    with Working(other=other) as working:
        time.sleep(0.5)
        said = list(working.lines)
        other.up()
        other.wait_for("GetTask")

    assert said
    assert {message for message, _ in said} == {"the controller cannot be reached"}
    assert "BATON_C1_API_HOST" in str(said[0])


@pytest.mark.parametrize("status", [200, 302, 401, 403, 502])
def test_html_where_grpc_was_expected(other: Controller, status: int):
    """A proxy's page, whatever its status, is waited out in service mode once we were in."""
    with Working(other=other, limits=replace(QUICK, failures=1000)) as working:
        other.wait_for("GetTask")
        other.html(status)
        other.wait_until(lambda: working.heard.count(False) >= 2)
        other.html(0)
        done = other.wait_finished(other.enqueue(GRANT))

    assert done.state == "done"
    assert working.error is None
    assert "<h1>" not in working.said


def test_a_certificate_that_we_do_not_trust(tmp_path: Path, other: Controller):
    """A certificate that we do not trust is Unreachable, and the message names --ca-file."""
    certify(tmp_path, Controller.today())

    async def greet(channel: Channel) -> None:
        await channel.get_task()

    with pytest.raises(Unreachable, match="--ca-file"):
        over(other, greet, roots=tmp_path / "ca.pem")
    assert not other.received()


# Uploads


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
def test_an_upload_arrives_as_it_is(tmp_path: Path, other: Controller, size: int):
    """Metadata, pieces of 512 KiB, the digest; and the bytes are the file's."""
    file = tmp_path / "one.c1z"
    file.write_bytes(bytes(i % 251 for i in range(size)))
    task = leased(other)
    over(other, sending(task, file))
    (upload,) = other.uploads(task)

    assert upload.path.read_bytes() == file.read_bytes()
    assert set(upload.sizes[:-1]) <= {CHUNK}
    assert sum(upload.sizes) == size


@pytest.mark.parametrize("piece", [1, 2, 3, 4, 5])
def test_an_upload_that_was_cut_can_be_sent_again(tmp_path: Path, other: Controller, piece: int):
    """A cut after any piece is Retry; half an upload is never kept; the next one is whole."""
    file = tmp_path / "one.c1z"
    file.write_bytes(b"x" * (2 * CHUNK + 1))
    task = leased(other)
    other.spoil(Mishap(on="UploadAsset", do="cut_within", piece=piece))

    async def twice(channel: Channel) -> None:
        with file.open("rb") as source:  # one file for all tries: each begins at its beginning
            with pytest.raises(Retry):
                await channel.upload(task, source)
            assert other.uploads(task) == []
            with suppress(Retry):  # what is left of the connection may be found out only now
                await channel.upload(task, source)
            if not other.uploads(task):
                await channel.upload(task, source)

    over(other, twice)
    digest = hashlib.sha256(file.read_bytes()).digest()

    assert [hashlib.sha256(one.path.read_bytes()).digest() for one in other.uploads(task)] == [
        digest
    ]


def test_a_token_that_ends_before_an_upload(tmp_path: Path, other: Controller):
    """What is refused for its token is sent again from the beginning, whole, time and again.

    The first try may still be reading when the second begins: neither may take the other's bytes.
    """
    file = tmp_path / "one.c1z"
    file.write_bytes(random.Random(1).randbytes(3 * CHUNK + 1))
    task = leased(other)

    async def often(channel: Channel) -> None:
        for _ in range(20):
            other.spoil(Mishap(on="UploadAsset", do="forget_tokens"))
            with suppress(Retry):  # refused so early that the stream broke
                await sending(task, file)(channel)
                continue
            await sending(task, file)(channel)

    over(other, often)

    assert len(other.uploads(task)) == 20
    assert {one.path.read_bytes() == file.read_bytes() for one in other.uploads(task)} == {True}


def test_two_tries_read_side_by_side(tmp_path: Path):
    """A try that was given up may still be reading: each has its own place in the file.

    Found by chaos: two tries that shared a place sent halves of the file, with a fitting digest.
    """
    file = tmp_path / "one.c1z"
    file.write_bytes(random.Random(1).randbytes(3 * CHUNK + 1))

    async def both() -> list[list[Any]]:
        with file.open("rb") as source:
            tries = [_pieces("here", unknown_id(), source.fileno()) for _ in range(2)]
            rows: list[list[Any]] = [[], []]
            for _ in range(6):
                for row, one in zip(rows, tries, strict=True):
                    row.append(await anext(one))
        return rows

    for row in asyncio.run(both()):
        assert b"".join(piece.data.data for piece in row) == file.read_bytes()
        assert row[-1].eof.sha256_checksum == hashlib.sha256(file.read_bytes()).digest()


def test_an_upload_for_nobody_is_refused(tmp_path: Path, other: Controller):
    """A task that is not ours takes no upload; that is no Retry."""
    file = tmp_path / "one.c1z"
    file.write_bytes(b"x")
    with pytest.raises(Gone):
        over(other, sending(unknown_id(), file))


# Secrets


def test_no_secret_is_said(other: Controller):  # noqa: PLR0915 - a long way of mishaps
    """Neither the key nor a token nor an assertion stands in a log line or an error."""
    other.doorkeeper.token_life_s = 1.0
    secret = other.client_secret.split(":")[3]
    errors: list[Error] = []

    async def failing(channel: Channel) -> None:
        try:
            await channel.get_task()
        except Error as error:
            errors.append(error)

    with Working(other=other, limits=replace(QUICK, failures=2)) as working:
        other.wait_for("Token", 2)
        other.cut()
        other.restart(0.1)
        other.html(502)
        time.sleep(0.3)
        other.html(0)
        other.wait_finished(other.enqueue(GRANT))
        other.doorkeeper.clients.clear()
        other.forget_tokens()
        working.join()
    over(other, failing)
    said = working.said + repr(working.error) + repr(errors) + str(errors[0].__cause__)
    words = {one.metadata["authorization"].split()[1] for one in other.received("GetTask")}
    words |= {one.request["client_assertion"] for one in other.received("Token")}

    assert len(words) >= 4
    assert not [word for word in (*words, secret, secret[40:80]) if word in said]


# The controller itself


def test_the_controller_forgets_no_rule():
    """Ends that come twice or late, leases that run out: the board does as a real one must."""
    clock = [0.0]
    board = Board(clock=lambda: clock[0], sync_lease_s=10, tries=2)
    task = board.add(SYNC)
    assert board.take("a")
    assert board.take("b") is None
    clock[0] = 9
    assert board.beat(task) is False
    clock[0] = 18
    assert board.take("b") is None
    clock[0] = 20
    assert board.take("b")
    late = api.BatonServiceFinishTaskRequest(host_id="a", task_id=task)
    late.success.SetInParent()

    assert board.finish(late)
    assert board.finish(late)
    assert board.entries[task].state == "done"
    assert len(board.entries[task].finishes) == 2
    assert board.beat(task) is None


def test_an_error_that_may_pass_is_waited_for_by_name(other: Controller):
    """Each code that is no definite refusal is a Retry of ours."""
    for code in (CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED, CODE.INTERNAL, CODE.UNKNOWN):
        other.spoil(Mishap(on="GetTask", do="refuse", code=code))
        with pytest.raises((Unreachable, NotionBroken)):
            over(other, lambda channel: channel.get_task())
