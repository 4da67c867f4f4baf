"""The table of flags."""

import re

import click
import pytest
from click.testing import CliRunner

from rolecall.connector import flags


def test_no_flag_is_both_supported_and_refused():
    """Every flag has one fate."""
    assert not {flag.name for flag in flags.supported()} & set(flags.REFUSED)


def test_names_variables_and_keys_follow_one_rule():
    """`--scim-token`, `BATON_SCIM_TOKEN`, `scim_token`; and the help ends with the variable."""
    for flag in flags.supported():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", flag.name)
        assert flag.variable == f"BATON_{flag.key.upper()}"
        option = flag.option()
        assert option.name == flag.key
        assert f"--{flag.name}" in option.opts
        assert (option.help or "").endswith(f"(${flag.variable})")


def test_every_secret_flag_is_known():
    """Each flag whose name ends in token, key or secret is treated as one."""
    every = {flag.name for flag in flags.supported()} | set(flags.REFUSED)
    secret = {name for name in every if re.search(r"(token|key|secret)$", name)}

    assert set(flags.SECRETS) == secret


def test_every_refusal_has_a_reason_in_a_sentence():
    """The reason begins with a capital and has no full stop of its own."""
    for name, reason in flags.REFUSED.items():
        assert reason[0].isupper(), name
        assert not reason.endswith("."), name


def test_switches_take_no_value():
    """Refused switches are switches, so that the next word is not eaten."""
    options = {option.opts[-1]: option for option in flags.options()}

    assert options["--ticketing"].is_flag
    assert not options["--client-id"].is_flag
    assert issubclass(flags.RefusedFlag, click.UsageError)


def ending(*words: str, **environ: str) -> tuple[int, str]:
    """How a command with all our flags ends, and what it says."""

    def body(**_given: object) -> None:
        flags.refuse_surroundings(click.get_current_context())

    command = click.Command("x", params=list(flags.options()), callback=body)
    said = CliRunner().invoke(
        command, list(words), env=environ, auto_envvar_prefix="BATON", prog_name="x"
    )
    return said.exit_code, said.output


@pytest.mark.parametrize("name", flags.REFUSED)
def test_a_refused_flag_ends_with_12_and_its_reason(name: str):
    """By flag and by variable; its value is not repeated."""
    options = {option.opts[-1]: option for option in flags.options()}
    words = [f"--{name}"] if options[f"--{name}"].is_flag else [f"--{name}", "val-ue"]
    variable = f"BATON_{name.upper().replace('-', '_')}"

    for status, said in (ending(*words), ending(**{variable: "1"})):
        assert status == 12
        assert flags.REFUSED[name] in said
        assert "val-ue" not in said


@pytest.mark.parametrize("value", ["", "false", "0", "no", "off", "FALSE"])
def test_saying_no_to_a_refused_switch_is_no_request(value: str):
    """Whoever switches off what we never do has what they want."""
    assert ending(BATON_PROVISIONING=value)[0] == 0
