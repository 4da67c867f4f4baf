"""Where `rolecall-notion` takes its settings from, which of them wins, and which it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from running import Command, accounts, by_key, to

from notion_sim import Simulator
from rolecall.baton.c1z.reader import open_c1z
from rolecall.connector.flags import REFUSED, supported

REASONLESS = 30
"""Characters of a reason below which it is none."""


def config(folder: Path, name: str = ".baton.yaml", **values: object) -> Path:
    """A configuration file; JSON is YAML."""
    file = folder / name
    file.write_text(json.dumps({key.replace("_", "-"): value for key, value in values.items()}))
    return file


def test_flags_alone(sim: Simulator, command: Command):
    """Everything can be said by flags; the file stands where -f says."""
    end = command("--scim-token", sim.scim_token, "--base-url", sim.scim_url, "-f", "out.c1z")

    assert end.status == 0, end.err
    assert len(accounts(command.folder / "out.c1z")) == 7
    assert command.left() == ["out.c1z"]


def test_variables_alone(sim: Simulator, command: Command):
    """The same by variables."""
    end = command(**to(sim, BATON_FILE="out.c1z"))

    assert end.status == 0, end.err
    assert command.left() == ["out.c1z"]


def test_the_configuration_file_alone(sim: Simulator, command: Command):
    """The same by .baton.yaml in the current folder."""
    config(command.folder, scim_token=sim.scim_token, base_url=sim.scim_url, file="out.c1z")

    end = command()

    assert end.status == 0, end.err
    assert command.left() == [".baton.yaml", "out.c1z"]


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml"])
def test_a_named_configuration_file_replaces_the_one_here(
    sim: Simulator, command: Command, name: str
):
    """BATON_CONFIG_PATH is read instead of .baton.yaml, not beside it."""
    config(command.folder, file="wrong.c1z", scim_token="x", base_url="http://127.0.0.1:9")  # noqa: S106 - opens nothing
    file = config(command.folder, name, scim_token=sim.scim_token, base_url=sim.scim_url)

    end = command(BATON_CONFIG_PATH=str(file))

    assert end.status == 0, end.err
    assert "sync.c1z" in command.left()


def test_flag_before_variable_before_file_before_default(sim: Simulator, command: Command):
    """Each place wins over the next."""
    config(command.folder, file="file.c1z", page_size=3, sync_resource_types=["user", "group"])

    defaults = command(**to(sim))
    variable = command(**to(sim, BATON_FILE="variable.c1z"))
    flag = command("-f", "flag.c1z", **to(sim, BATON_FILE="variable.c1z"))

    assert [end.summary["file"] for end in (defaults, variable, flag)] == [
        "file.c1z",
        "variable.c1z",
        "flag.c1z",
    ]
    assert defaults.summary["roles"] == 0
    assert command("--sync-resource-types", "role", **to(sim)).summary["roles"] == 4


def test_a_switch_can_be_thrown_in_every_place(sim: Simulator, command: Command):
    """A switch takes true from a variable and from YAML."""
    only_key = by_key(sim)
    plain = command(**only_key)
    variable = command(**only_key, BATON_INCLUDE_BOTS="true")
    config(command.folder, include_bots=True)
    file = command(**only_key)
    off = command(**only_key, BATON_INCLUDE_BOTS="false")

    assert [end.summary["accounts"] for end in (plain, variable, file, off)] == [7, 9, 9, 7]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.json", "{}", "must end in .yaml"),
        ("x.yaml", "- a\n- b\n", "names and values"),
        ("x.yaml", "scim-token: 'ntn_abcdefgh\n", "is no YAML near line"),
        ("x.yaml", "a: 2026-99-99\n", "is no YAML"),
        ("x.yaml", "a: \x07\n", "is no YAML"),
    ],
)
def test_an_unusable_configuration_file_is_named(
    command: Command, name: str, content: str, told: str
):
    """It ends with 3, names the file, and repeats nothing of what may be a secret."""
    (command.folder / name).write_text(content)

    end = command(BATON_CONFIG_PATH=name)

    assert end.status == 3, end.err
    assert told in end.err
    assert name in end.err
    assert "ntn_abcdefgh" not in end.err
    assert "Traceback" not in end.err


def test_a_named_configuration_file_must_be_there(command: Command):
    """What was named and is missing is an error; .baton.yaml may be missing."""
    assert command(BATON_CONFIG_PATH="none.yaml").status == 3


def test_errors_before_the_log_is_open_are_log_lines_too(command: Command):
    """Whoever reads the log sees also why nothing ever began."""
    end = command(BATON_CONFIG_PATH="none.yaml")

    assert [line["level"] for line in end.lines] == ["error"]
    assert end.err.splitlines()[-1].startswith("rolecall-notion: Cannot read none.yaml")
    assert len(end.err.splitlines()) == 2


LOOP = """
import contextlib, io, json, os, sys
from rolecall.connector import cli, refused

def end(words):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        status = cli._run(words)
    return status, said.getvalue()

found = {}
for name in refused.REFUSED:
    variable = "BATON_" + name.upper().replace("-", "_")
    try:
        by_flag = end([f"--{name}"] if name in refused.SWITCHES else [f"--{name}", "value"])
        os.environ[variable] = "true"
        by_variable = end([])
        os.environ[variable] = "false"
        off = end([])
    finally:
        del os.environ[variable]
    with open(".baton.yaml", "w") as file:
        file.write(f"{name}: true")
    by_file = end([])
    os.unlink(".baton.yaml")
    found[name] = [by_flag, by_variable, by_file, off]
print(json.dumps(found))
"""


def test_every_flag_of_the_go_runner_that_we_lack_is_refused(command: Command):
    """As flag, variable or in the file: exit status 12 and the reason; "false" asks for nothing."""
    done = subprocess.run(
        [sys.executable, "-c", LOOP],
        cwd=command.folder,
        env=dict(command.environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)

    assert set(found) == set(REFUSED)
    for name, (*refused, off) in found.items():
        for status, said in refused:
            assert status == 12, (name, said)
            assert f"--{name} ($BATON_{name.upper().replace('-', '_')}) is not supported" in said
            assert REFUSED[name] in said
        assert off[0] == 3, (name, off)  # no credential: it went past the flag
        assert "no credential" in off[1]


def test_a_refusal_in_a_real_process(sim: Simulator, command: Command):
    """The status reaches the shell, and nothing was asked or written."""
    end = command("--ticketing", **to(sim))

    assert end.status == 12
    assert "nothing of that kind" in end.err
    assert sim.requests() == []
    assert command.left() == []


def test_a_secret_is_not_repeated_when_it_is_refused(command: Command):
    """A client secret that leads nowhere is refused without its value."""
    end = command("--client-id", "me", "--client-secret", "verysecretvalue")

    assert end.status in {3, 12}
    assert "verysecretvalue" not in end.err + end.out


@pytest.mark.parametrize(
    "words",
    [
        ["--workers", "65"],
        ["--workers", "x"],
        ["--page-size", "0"],
        ["--requests-per-second", "-1"],
        ["--http-timeout-seconds", "0"],
        ["--log-level", "loud"],
        ["--log-format", "xml"],
        ["--no-such-flag"],
        ["no-such-command"],
        ["--storage-engine", "rocks"],
        ["show", "nothing"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense(command: Command, words: list[str]):
    """Click's own usage errors end with 2."""
    end = command(*words)

    assert end.status == 2, end.err
    assert "Usage:" in end.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--sync-resource-types", "user,page"], "page"),
        (["--sync-resources", "user/1"], "bid:r:user/ID"),
        (["--sync-resources", "bid:r:page/1"], "bid:r:user/ID"),
        (["--sync-resources", "bid:r:role/king"], "king"),
        (["--storage-engine", "pebble"], "version 1"),
        (["--scim-token", "two words"], "space"),
        (["--scim-token", "naïve-token"], "character"),
        (["--base-url", "notion"], "https://"),
        (["--base-url", "ftp://notion.example"], "https://"),
        (["--ca-file", "none.pem"], "none.pem"),
        (["--workspaces", "none.yaml"], "none.yaml"),
        (["--log-path", "none/x.log"], "none/x.log"),
        (["--include-bots"], "--api-key"),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_a_value_that_cannot_be_used(command: Command, words: list[str], told: str):
    """What only we can judge ends with 3 and says what to write instead."""
    end = command(*words, BATON_SCIM_TOKEN="t" * 20)

    assert end.status == 3, end.err
    assert told in end.err
    assert "Traceback" not in end.err
    assert command.left() == []


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_number_of_kept_syncs_that_is_none(command: Command, value: str):
    """BATON_KEEP_SYNC_COUNT must be a number above 0."""
    end = command(BATON_SCIM_TOKEN="t" * 20, BATON_KEEP_SYNC_COUNT=value)

    assert end.status == 3
    assert "BATON_KEEP_SYNC_COUNT" in end.err


@pytest.mark.parametrize(
    ("environ", "kept"),
    [
        ({}, 2),
        ({"BATON_KEEP_SYNC_COUNT": "1"}, 1),
        ({"BATON_KEEP_SYNC_COUNT": "3"}, 3),
        ({"BATON_SKIP_CLEANUP": "true"}, 4),
        ({"BATON_SKIP_CLEANUP": "false"}, 2),
    ],
)
def test_how_many_syncs_stay(sim: Simulator, command: Command, environ: dict[str, str], kept: int):
    """Two full syncs stay in the file, unless a variable says otherwise."""
    for _ in range(4):
        assert command(**to(sim, **environ)).status == 0

    with open_c1z(command.folder / "sync.c1z") as reader:
        assert len(reader.syncs()) == kept


def test_the_file_may_be_named_before_and_after_the_command(sim: Simulator, command: Command):
    """`-f x show accounts`, `show accounts -f x` and BATON_FILE mean the same."""
    command("-f", "x.c1z", **to(sim))

    before = command("-f", "x.c1z", "show", "accounts", "-o", "json")
    after = command("show", "accounts", "-f", "x.c1z", "-o", "json")
    variable = command("show", "accounts", "-o", "json", BATON_FILE="x.c1z")

    assert len(json.loads(before.out)) == 7
    assert before.out == after.out == variable.out


def test_every_flag_is_in_the_help_with_its_variable(command: Command):
    """Help names each visible flag and its variable; refused ones stay out of it."""
    said = " ".join(command("--help").out.split())

    for flag in supported():
        assert flag.hidden != (f"--{flag.name} " in said), flag.name
        assert flag.hidden != (f"(${flag.variable})" in said), flag.name
    assert "--ticketing" not in said


@pytest.mark.parametrize("word", ["xxscim-token", "scim-token", "--scim-token"])
def test_words_that_look_like_a_secret_flag(command: Command, word: str):
    """A word that resembles the flag, or the flag without a value, does not start us for ever."""
    end = command("show", "access", word)

    assert end.status in {2, 3}


def test_workers_and_timeouts_are_taken(sim: Simulator, command: Command):
    """Every remaining flag of a journey is accepted and the sync is the same."""
    end = command(
        *("--workers", "0", "--requests-per-second", "200", "--http-timeout-seconds", "5"),
        *("--retry-seconds", "5", "--page-size", "7", "--log-level", "debug"),
        *("--log-format", "json", "--log-path", "stderr,run.log", "--storage-engine", "sqlite"),
        **to(sim),
    )

    assert end.status == 0, end.err
    assert end.summary["accounts"] == 7
    assert (command.folder / "run.log").read_text() == "".join(
        f"{line}\n" for line in end.err.splitlines()
    )
    assert len(str(end.summary)) > REASONLESS
