"""Secrets from files, as the command takes them."""

from pathlib import Path

import pytest
from running import Command, accounts, by_key, to

from notion_sim import Simulator


@pytest.fixture
def token(sim: Simulator, tmp_path: Path) -> Path:
    """The simulator's token in a file."""
    file = tmp_path / "token.txt"
    file.write_text(sim.scim_token + "\n")
    return file


def by_file(sim: Simulator, token: Path, **more: str) -> dict[str, str]:
    """The variables that lead to a simulator, the token being in a file."""
    return {"BATON_BASE_URL": sim.scim_url, "BATON_SCIM_TOKEN_FILE": str(token), **more}


def test_a_sync_with_the_token_in_a_file(sim: Simulator, command: Command, token: Path):
    """A plain sync and `check` read it, and show it nowhere."""
    ran = command("--log-level", "debug", **by_file(sim, token))
    checked = command("check", **by_file(sim, token))

    assert (ran.status, checked.status) == (0, 0)
    assert len(accounts(command.folder / "sync.c1z")) == 7
    assert sim.scim_token not in ran.out + ran.err + checked.out + checked.err


def test_the_key_in_a_file(sim: Simulator, command: Command, tmp_path: Path):
    """The API key likewise."""
    file = tmp_path / "key"
    file.write_text(sim.api_key)
    environ = by_key(sim, BATON_API_KEY_FILE=str(file))
    del environ["BATON_API_KEY"]

    assert command(**environ).status == 0


def test_the_file_wins_over_the_configuration_file(sim: Simulator, command: Command, token: Path):
    """A variable wins over .baton.yaml, and so does a file that a variable names."""
    (command.folder / ".baton.yaml").write_text("scim-token: token-of-the-configuration\n")

    assert command(**by_file(sim, token)).status == 0


@pytest.mark.parametrize("how", ["flag", "flag with equals sign", "variable"])
def test_given_twice(sim: Simulator, command: Command, token: Path, how: str):
    """It is refused with the names of both, and nothing is asked of Notion."""
    words = {
        "flag": ["--scim-token", "made-up-token-of-a-flag"],
        "flag with equals sign": ["--scim-token=made-up-token-of-a-flag"],
    }.get(how, [])
    environ = {} if words else {"BATON_SCIM_TOKEN": "made-up-token-of-a-variable"}
    ran = command(*words, **by_file(sim, token), **environ)

    assert ran.status == 3
    assert "--scim-token (BATON_SCIM_TOKEN)" in ran.err
    assert "BATON_SCIM_TOKEN_FILE" in ran.err
    assert "made-up-token" not in ran.err
    assert sim.requests() == []


def test_a_missing_file_is_named(sim: Simulator, command: Command, tmp_path: Path):
    """With the variable and the reason."""
    ran = command(**by_file(sim, tmp_path / "nowhere"))

    assert ran.status == 3
    assert "BATON_SCIM_TOKEN_FILE: cannot read" in ran.err
    assert "No such file" in ran.err


def test_commands_that_read_files_need_no_secret(
    sim: Simulator, command: Command, token: Path, tmp_path: Path
):
    """`show` does not mind what the service beside it is told."""
    command(**by_file(sim, token))
    shown = command("show", "accounts", BATON_SCIM_TOKEN_FILE=str(tmp_path / "nowhere"))

    assert shown.status == 0


def test_half_a_client_is_noticed_from_files(command: Command, tmp_path: Path):
    """A client id in a file asks for service mode, and misses its secret."""
    file = tmp_path / "client"
    file.write_text("name@controller.example/id")
    ran = command(BATON_CLIENT_ID_FILE=str(file), BATON_SCIM_TOKEN="made-up-token")  # noqa: S106

    assert ran.status == 2
    assert "--client-secret" in ran.err


def test_a_token_of_the_environment_still_works(sim: Simulator, command: Command):
    """Without files nothing is different."""
    assert command(**to(sim)).status == 0
