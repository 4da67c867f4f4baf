"""The table of flags."""

import re

import click

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
