"""The token and the key are shown nowhere: no log, error, process list or file, at any level."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from raw_server import Asked, RawServer, answer, serving
from running import Command, both, ended, to

from notion_sim import Simulator

PLAIN = "plain-token-of-20-chars"
ODD = 'quoted"plus+percent%&'
"""A token that JSON and URLs write differently."""


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file, and of what is packed in it."""
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        content = file.read_bytes()
        yield file.name, content
        if content.startswith(b"C1ZF\x00") and len(content) > 5:
            yield (
                f"{file.name} unpacked",
                zstandard.ZstdDecompressor().decompressobj().decompress(content[5:]),
            )


def nowhere(command: Command, said: str, *secrets: str) -> None:
    """No secret is in what was said, nor in any file."""
    for secret in secrets:
        forms = {secret, json.dumps(secret)[1:-1]}
        for form in forms:
            assert form not in said
            for name, content in everything(command.folder):
                assert form.encode() not in content, name


def process_list() -> str:
    """The command line of every process."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(lines)


@pytest.mark.parametrize("level", ["debug", "info", "error"])
@pytest.mark.parametrize("end", ["well", "refused", "broken"])
def test_at_every_level_and_end(sim: Simulator, command: Command, level: str, end: str):
    """Whatever happens, and however much is logged."""
    if end == "refused":
        sim.revoke_tokens()
    if end == "broken":
        sim.set_faults([{"fault": "500", "times": 0, "when": {"path": "/Groups"}}])

    ran = command(
        *("--log-level", level, "--log-path", "stderr,run.log", "--retry-seconds", "0.3"),
        "--include-bots",
        **both(sim),
    )

    assert (ran.status == 0) == (end == "well")
    nowhere(command, ran.out + ran.err, sim.scim_token, sim.api_key)


def test_in_the_work_folder_of_an_interrupted_run(sim: Simulator, command: Command):
    """What a kill leaves behind holds no token either."""
    sim.set_faults([{"fault": "slow", "ms": 3000, "times": 0, "when": {"path": "/Groups"}}])
    running = command.start("--log-level", "debug", **both(sim))
    for _ in range(100):
        if any("/Groups" in one["path"] for one in sim.requests()):
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    ran = ended(running)

    assert (command.folder / ".sync.c1z.work" / "db").exists()
    nowhere(command, ran.out + ran.err, sim.scim_token, sim.api_key)


@pytest.mark.parametrize("given", ["flag", "flag with =", "variable", "file"])
def test_in_the_process_list(sim: Simulator, command: Command, given: str):
    """While requests are under way, no process shows the token, however it was given."""
    sim.set_faults([{"fault": "slow", "ms": 1000}])
    environ = {"BATON_BASE_URL": sim.scim_url}
    words: tuple[str, ...] = ()
    if given == "flag":
        words = ("--scim-token", sim.scim_token)
    elif given == "flag with =":
        words = (f"--scim-token={sim.scim_token}",)
    elif given == "variable":
        environ["BATON_SCIM_TOKEN"] = sim.scim_token
    else:
        (command.folder / ".baton.yaml").write_text(f"scim-token: {sim.scim_token}\n")
    sim.clear_requests()
    running = command.start(*words, **environ)
    for _ in range(200):
        if sim.requests():
            break
        time.sleep(0.02)
    shown = process_list()

    assert "rolecall-notion" in shown
    assert sim.scim_token not in shown
    assert running.poll() is None
    assert ended(running).status == 0


def test_in_a_core_file(sim: Simulator, command: Command):
    """A crash while the token is in memory writes no memory to disk, whatever the shell allows."""
    sim.set_faults([{"fault": "slow", "ms": 1000}])
    sim.clear_requests()
    running = command.start(**to(sim))
    for _ in range(200):
        if sim.requests():
            break
        time.sleep(0.02)
    limits = Path(f"/proc/{running.pid}/limits").read_text()
    running.send_signal(signal.SIGABRT)
    ended(running)

    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4] == "0"
    assert command.left() == [".sync.c1z.work"]


def echo(asked: Asked) -> bytes:
    """A server that repeats the token wherever a person might read it."""
    token = asked.headers["authorization"].removeprefix("Bearer ")
    detail = json.dumps({"detail": f"The token {token} is {token!r}, unknown."}).encode()
    return answer(detail, status="400 Bad", location=f"https://x.example/{token}")


@pytest.fixture
def echoing() -> Iterator[RawServer]:
    """Such a server."""
    with serving(echo) as server:
        yield server


@pytest.mark.parametrize("token", [PLAIN, ODD])
@pytest.mark.parametrize("form", ["json", "console"])
def test_when_the_server_repeats_it(command: Command, echoing: RawServer, token: str, form: str):
    """What Notion or a proxy says about the token is shown without the token."""
    environ = {"BATON_BASE_URL": echoing.url, "BATON_SCIM_TOKEN": token}
    sync = command("--log-format", form, "--log-path", "stderr,run.log", **environ)
    check = command("check", "-o", "json", **environ)
    table = command("check", **environ)

    assert sync.status == check.status == table.status == 3
    assert "[secret]" in sync.err
    assert "[secret]" in check.out
    for ran in (sync, check, table):
        nowhere(command, ran.out + ran.err, token)


def test_when_a_record_repeats_it(command: Command):
    """A warning about a record that holds the token hides it, too."""

    def respond(asked: Asked) -> bytes:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        if "/Users" not in asked.line:
            return answer(b'{"totalResults": 0, "Resources": []}')
        row = {"id": "u1", "displayName": token}
        return answer(json.dumps({"totalResults": 1, "Resources": [row]}).encode())

    with serving(respond) as server:
        ran = command(BATON_BASE_URL=server.url, BATON_SCIM_TOKEN=PLAIN)

    assert ran.status == 15
    nowhere(command, ran.out + ran.err, PLAIN)


def test_in_the_file_of_workspaces(sim: Simulator, command: Command):
    """Tokens of a workspaces file are as hidden as any other."""
    (command.folder / "t").write_text("token-from-a-file-xx")
    (command.folder / "all.yaml").write_text(
        json.dumps(
            [
                {"name": "a", "token_file": "t", "output": "a.c1z", "base_url": sim.scim_url},
                {"name": "b", "token_env": "B", "output": "b.c1z", "base_url": sim.scim_url},
            ]
        )
    )
    ran = command("--workspaces", "all.yaml", "--log-level", "debug", B=sim.scim_token)

    assert ran.status == 16
    assert "token-from-a-file-xx" not in ran.err + ran.out
    assert sim.scim_token not in ran.err + ran.out
    packed = dict(everything(command.folder))
    assert sim.scim_token.encode() not in packed["b.c1z unpacked"]
