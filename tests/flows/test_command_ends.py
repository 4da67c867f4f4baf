"""How `rolecall-notion` ends when something is in the way, and what it leaves behind."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_server import answer, serving
from running import PROGRAM, Command, Ended, accounts, ended, to

from notion_sim import Options, Simulator
from rolecall.baton.c1z.reader import open_c1z

PAGE = b"<!DOCTYPE html><html><title>Corporate proxy</title></html>"


def told(end: Ended) -> str:
    """The last line: what a person finds below the log. There is never a traceback."""
    assert "Traceback" not in end.err
    return end.err.splitlines()[-1]


def wait_for(sim: Simulator, path: str) -> None:
    """Return when a request of this path has come."""
    for _ in range(160):
        if any(f"/scim/v2{path}?" in one["path"] for one in sim.requests()):
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody asked for {path}")


def test_a_bad_token(sim: Simulator, command: Command):
    """16, and who can make a new token."""
    end = command(**to(sim, BATON_SCIM_TOKEN="x" * 20))

    assert end.status == 16
    assert "owner must make a new one" in told(end)
    assert command.left() == []


def test_the_wrong_plan(sim: Simulator, command: Command):
    """7, and which plan it takes."""
    sim.reset(Options(users=3, groups=0, plan="business"))

    end = command(**to(sim))

    assert end.status == 7
    assert "Enterprise" in told(end)


def test_no_credential(command: Command):
    """3, and both ways to give one."""
    end = command()

    assert end.status == 3
    assert "BATON_SCIM_TOKEN" in told(end)
    assert "BATON_API_KEY" in told(end)


@pytest.mark.parametrize(("status", "code"), [("200 OK", 14), ("502 Bad", 14), ("403 No", 7)])
def test_a_proxys_web_page(command: Command, status: str, code: int):
    """Whatever its status, a web page is called a web page."""
    page = answer(PAGE, status=status, content_type="text/html")
    with serving(lambda _: page) as server:
        end = command(
            "--retry-seconds", "0.2", BATON_BASE_URL=server.url, BATON_SCIM_TOKEN="t" * 20
        )

    assert end.status == code
    assert "web page" in told(end)
    assert "proxy" in told(end).lower()


def test_nobody_answers(command: Command):
    """14, with what to check."""
    end = command(
        *("--retry-seconds", "0.2"),
        BATON_BASE_URL="http://127.0.0.1:9",
        BATON_SCIM_TOKEN="t" * 20,
    )

    assert end.status == 14
    assert "--base-url" in told(end)


def test_a_foreign_file_is_not_touched(sim: Simulator, command: Command):
    """3, before Notion is asked anything; the file is as it was."""
    file = command.folder / "sync.c1z"
    for content in (b"my diary, not a c1z", b"C1Z3\x00 from the future", b"SQLite format 3\x00"):
        file.write_bytes(content)

        end = command(**to(sim))

        assert end.status == 3
        assert "sync.c1z" in told(end)
        assert file.read_bytes() == content
        assert command.left() == ["sync.c1z"]
    assert sim.requests() == []


def test_a_damaged_file_is_not_touched(sim: Simulator, command: Command):
    """A c1z that was cut in two is not overwritten with half a history."""
    command(**to(sim))
    file = command.folder / "sync.c1z"
    half = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(half)

    end = command(**to(sim))

    assert end.status == 3
    assert "damaged" in told(end)
    assert file.read_bytes() == half
    assert command.left() == ["sync.c1z"]


@pytest.mark.parametrize("content", [b"", b"C1ZF\x00"])
def test_an_empty_file_is_filled(sim: Simulator, command: Command, content: bytes):
    """Nothing, or a c1z of nothing, is no history; the sync goes there."""
    (command.folder / "sync.c1z").write_bytes(content)

    assert command(**to(sim)).status == 0
    assert len(accounts(command.folder / "sync.c1z")) == 7


@pytest.mark.parametrize("name", ["no/such/folder/x.c1z", "file/x.c1z", "folder", "/proc/x.c1z"])
def test_where_nothing_can_be_written(sim: Simulator, command: Command, name: str):
    """3, naming the path, before Notion is asked anything."""
    (command.folder / "file").write_text("")
    (command.folder / "folder").mkdir()

    end = command("-f", name, **to(sim))

    assert end.status == 3
    assert name.rsplit("/", maxsplit=1)[-1] in told(end)
    assert sim.requests() == []
    assert command.left() == ["file", "folder"]


def test_a_symbolic_link_stays_one(sim: Simulator, command: Command):
    """The file behind a link is replaced, not the link."""
    (command.folder / "real").mkdir()
    (command.folder / "sync.c1z").symlink_to("real/data.c1z")

    assert command(**to(sim)).status == 0
    assert (command.folder / "sync.c1z").is_symlink()
    assert len(accounts(command.folder / "real" / "data.c1z")) == 7


def test_a_link_to_itself(sim: Simulator, command: Command):
    """A circle of links is told like any other unusable path."""
    (command.folder / "sync.c1z").symlink_to("sync.c1z")

    end = command(**to(sim))

    assert end.status == 3
    assert "sync.c1z" in told(end)


def test_a_file_that_another_run_is_writing(sim: Simulator, command: Command):
    """10 for the second one; the first one is not disturbed."""
    sim.set_faults([{"fault": "slow", "ms": 1500, "times": 1}])
    first = command.start(**to(sim))
    wait_for(sim, "/Users")

    second = command(**to(sim))

    assert second.status == 10
    assert "Another process" in told(second)
    assert ended(first).status == 0
    assert command.left() == ["sync.c1z"]


def interrupted(
    sim: Simulator, command: Command, number: signal.Signals, path: str = "/Groups"
) -> Ended:
    """A run that gets a signal while it waits for an answer."""
    sim.set_faults([{"fault": "slow", "ms": 5000, "times": 0, "when": {"path": path}}])
    sim.clear_requests()
    running = command.start(**to(sim))
    wait_for(sim, path)
    running.send_signal(number)
    begun = time.monotonic()
    end = ended(running)
    assert time.monotonic() - begun < 4
    sim.set_faults([])
    return end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_next_run_goes_on(
    sim: Simulator, command: Command, number: signal.Signals
):
    """1; the work folder stays, is taken up by the same command, and then it is gone."""
    end = interrupted(sim, command, number)

    assert end.status == 1
    assert "interrupted" in told(end)
    assert "again" in told(end)
    assert command.left() == [".sync.c1z.work"]
    first = next(line for line in end.lines if line["msg"] == "starting new sync")["sync_id"]
    sim.clear_requests()

    again = command(**to(sim))

    assert again.status == 0, again.err
    assert "resumed previous sync" in again.said
    assert again.summary["sync_id"] == first
    assert command.left() == ["sync.c1z"]
    listed = [one["path"] for one in sim.requests() if "count=100" in one["path"]]
    assert [path.split("?")[0] for path in listed] == ["/scim/v2/Groups"]  # members were kept


def test_a_signal_before_anything_was_read_leaves_nothing(sim: Simulator, command: Command):
    """What is not worth keeping is not kept."""
    end = interrupted(sim, command, signal.SIGTERM, path="/Users")

    assert end.status == 1
    told(end)
    assert command.left() == []


@pytest.mark.parametrize(
    "change", [{"BATON_PAGE_SIZE": "50"}, {"BATON_SYNC_RESOURCE_TYPES": "user,role"}, "token"]
)
def test_what_no_longer_fits_is_not_taken_up(
    sim: Simulator, command: Command, change: dict[str, str] | str
):
    """Another configuration or token begins anew, and leaves nothing of the old run."""
    interrupted(sim, command, signal.SIGTERM)
    other = {"BATON_SCIM_TOKEN": sim.mint_token(sim.state()["members"][0]["id"])}
    more = other if isinstance(change, str) else change

    again = command(**{**to(sim), **more})

    assert again.status == 0, again.err
    assert "resumed" not in again.said
    assert command.left() == ["sync.c1z"]


def test_who_left_meanwhile_is_no_ghost(sim: Simulator, command: Command):
    """After an interruption somebody leaves: the next run does not hold them."""
    interrupted(sim, command, signal.SIGTERM)
    gone = sim.state()["members"][1]["id"]
    sim.remove_user(gone)

    assert command(**to(sim)).status == 0
    assert gone not in accounts(command.folder / "sync.c1z")


def test_a_signal_while_resuming_is_an_interruption_too(sim: Simulator, command: Command):
    """Also the question before a resumption can be interrupted: 1, and no traceback."""
    interrupted(sim, command, signal.SIGTERM)

    end = interrupted(sim, command, signal.SIGTERM, path="/Users")

    assert end.status == 1
    told(end)
    assert command.left() == [".sync.c1z.work"]
    assert "resumed" in command(**to(sim)).said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_check_can_be_interrupted(sim: Simulator, command: Command, number: signal.Signals):
    """`check` ends with 1 on a signal, without a traceback."""
    sim.set_faults([{"fault": "slow", "ms": 5000, "times": 0}])
    running = command.start("check", **to(sim))
    wait_for(sim, "/Users")
    running.send_signal(number)

    end = ended(running)

    assert end.status == 1
    told(end)


def test_a_kill_leaves_the_work_folder_and_nothing_else(sim: Simulator, command: Command):
    """Kill -9, then again: the same rows, nothing left over."""
    command("-f", "calm.c1z", **to(sim))
    sim.set_faults([{"fault": "slow", "ms": 5000, "times": 0, "when": {"path": "/Groups"}}])
    sim.clear_requests()
    running = command.start(**to(sim))
    wait_for(sim, "/Groups")
    running.kill()
    ended(running)
    sim.set_faults([])
    assert command.left() == [".sync.c1z.work", "calm.c1z"]

    assert command(**to(sim)).status == 0
    assert command.left() == ["calm.c1z", "sync.c1z"]
    assert rows(command.folder / "sync.c1z") == rows(command.folder / "calm.c1z")


def rows(file: Path) -> set[tuple[str, bytes]]:
    """Every row of the shown sync, without sync id and time."""
    with open_c1z(file) as reader:
        sync = {"sync": reader.sync().sync_id}
        found = set()
        for table in ("resource_types", "resources", "entitlements", "grants"):
            sql = f"select external_id, data from v1_{table} where sync_id = :sync"  # noqa: S608
            found |= {(str(name), bytes(data)) for name, data in reader.rows(sql, sync)}
        return found


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, small enough to be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no tmpfs can be mounted here: needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("room", [0, 40, 150, 260])
def test_a_full_disk(sim: Simulator, tiny_disk: Path, command: Command, room: int):
    """8 wherever the space ends; the old file is as it was, and nothing else is there."""
    file = tiny_disk / "sync.c1z"
    assert command("-f", str(file), **to(sim)).status == 0
    before = file.read_bytes()
    sim.reset(Options(users=400, groups=30, members_per_group=30, seed=7))
    free = os.statvfs(tiny_disk).f_bavail * os.statvfs(tiny_disk).f_frsize
    (tiny_disk / "ballast").write_bytes(bytes(max(0, free - room * 1024)))

    end = command("-f", str(file), **to(sim))

    assert end.status == 8, end.err
    assert "No space left" in told(end)
    assert file.read_bytes() == before
    assert sorted(one.name for one in tiny_disk.iterdir()) == ["ballast", "sync.c1z"]


def test_a_pipe_that_is_closed_is_no_error(sim: Simulator, command: Command):
    """`show accounts | head -1` ends well."""
    command(**to(sim))
    done = subprocess.run(
        ["bash", "-c", "set -o pipefail; rolecall-notion show accounts -o csv | head -1"],
        cwd=command.folder,
        env={**command.environ, "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
