"""From words, variables and files to a job: `connector.settings` and `connector.workspaces`."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall.connector import flags, settings
from rolecall.connector.job import Job
from rolecall.connector.workspaces import read_workspaces
from rolecall.errors import BadConfig

TOKEN = "t" * 20


def values(**given: Any) -> dict[str, Any]:
    """What click hands over when nothing but this was said."""
    return {flag.key: flag.default for flag in flags.supported()} | given


def test_secrets_leave_the_command_line():
    """Both forms are taken out; everything else keeps its place."""
    words = ["-f", "x", "--scim-token", "s1", "--api-key=s2=3", "show", "--client-secret"]

    rest, found = settings.hide_secrets(words)

    assert rest == ["-f", "x", "show"]
    assert found == {
        "BATON_SCIM_TOKEN": "s1",
        "BATON_API_KEY": "s2=3",
        "BATON_CLIENT_SECRET": "",
    }


def test_words_without_a_secret_stay():
    """What only resembles a secret flag is left alone."""
    words = ["xxscim-token", "--scim-tokens", "v", "scim-token"]

    assert settings.hide_secrets(words) == (words, {})


def test_a_job_of_nothing_but_defaults():
    """Without a word: this file, no door, all types, two syncs, our patience."""
    job = settings.job_of(values())

    assert (job.target, job.scim, job.rest) == (Path("sync.c1z"), None, None)
    assert job.wanted == {"user", "group", "role"}
    assert (job.targets, job.include_bots, job.allow_accounts_only) == ((), False, False)
    assert job.travel.requests_per_second is None
    assert job.travel.ca_file is None


@pytest.mark.parametrize(("said", "workers"), [(-1, 4), (0, 1), (1, 1), (8, 8), (64, 64)])
def test_workers(said: int, workers: int):
    """-1 is upstream's four; 0 and 1 are one after the other."""
    assert settings.job_of(values(workers=said)).travel.workers == workers


def test_a_job_of_everything():
    """Each value reaches its place."""
    job = settings.job_of(
        values(
            scim_token=f" {TOKEN}\n",
            api_key="k" * 20,
            base_url="https://a.example",
            sync_resource_types=" user, role,",
            sync_resources="bid:r:user/u1, bid:r:role/owner",
            ca_file="ca.pem",
            requests_per_second=0,
            retry_seconds=7,
        )
    )

    assert job.scim is not None
    assert job.rest is not None
    assert (job.scim.token, job.scim.url, job.rest.token) == (TOKEN, "https://a.example", "k" * 20)
    assert job.wanted == {"user", "role"}
    assert [(one.type, one.id) for one in job.targets] == [("role", "owner"), ("user", "u1")]
    assert job.travel.ca_file == Path("ca.pem")
    assert job.travel.requests_per_second == 0
    assert job.travel.patience.total_s == 7
    assert TOKEN not in repr(job)


@pytest.mark.parametrize("token", ["a b", "a\tb", "a\x00b", "naïve"])
def test_a_token_that_is_no_token(token: str):
    """What cannot stand in a header is refused without being repeated."""
    with pytest.raises(BadConfig) as caught:
        settings.job_of(values(scim_token=token))

    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "kept"),
    [
        ({}, 2),
        ({"BATON_KEEP_SYNC_COUNT": ""}, 2),
        ({"BATON_KEEP_SYNC_COUNT": "7"}, 7),
        ({"BATON_SKIP_CLEANUP": "1", "BATON_KEEP_SYNC_COUNT": "junk"}, None),
        ({"BATON_SKIP_CLEANUP": "TRUE"}, None),
        ({"BATON_SKIP_CLEANUP": "0"}, 2),
    ],
)
def test_how_many_syncs_are_kept(environ: dict[str, str], kept: int | None):
    """The two variables of the Go runner."""
    assert settings.kept_syncs(environ) == kept


@pytest.mark.parametrize("text", ["0", "-1", "٣", "1.5", "many"])
def test_a_number_that_is_none(text: str):
    """Only a number above 0 counts."""
    with pytest.raises(BadConfig, match="BATON_KEEP_SYNC_COUNT"):
        settings.kept_syncs({"BATON_KEEP_SYNC_COUNT": text})


def test_the_configuration_as_defaults(tmp_path: Path):
    """Names become identifiers, lists become the text of a flag; an empty file is no settings."""
    file = tmp_path / "c.yml"
    file.write_text("scim-token: x\nsync-resource-types: [user, role]\ninclude_bots: true\n")

    assert settings.read_config({"BATON_CONFIG_PATH": str(file)}) == {
        "scim_token": "x",
        "sync_resource_types": "user,role",
        "include_bots": True,
    }
    file.write_text("")
    assert settings.read_config({"BATON_CONFIG_PATH": str(file)}) == {}


@pytest.mark.parametrize("content", [b"- a", b"a: [", b"\xff\xfe\xff", b"a: 2026-99-99", b"text"])
def test_a_configuration_that_is_none(content: bytes, tmp_path: Path):
    """Whatever is wrong with it, it is a BadConfig that names it."""
    file = tmp_path / "c.yaml"
    file.write_bytes(content)

    with pytest.raises(BadConfig, match=r"c\.yaml"):
        settings.read_config({"BATON_CONFIG_PATH": str(file)})


def test_a_secret_from_three_places(tmp_path: Path):
    """There, in a variable, in a file; or nowhere."""
    file = tmp_path / "t"
    file.write_text("from-file\n")

    assert settings.read_secret({"token": "here"}, "token", {}) == "here"
    assert settings.read_secret({"token_env": "X"}, "token", {"X": "from-env"}) == "from-env"
    assert settings.read_secret({"token_file": str(file)}, "token", {}) == "from-file"
    assert settings.read_secret({}, "token", {}) == ""
    assert settings.read_secret({"token": None}, "token", {}) == ""


@pytest.mark.parametrize("entry", [{"token_env": "X"}, {"token_file": "/none"}])
def test_a_secret_that_is_not_where_it_should_be(entry: dict[str, str]):
    """A named place that holds nothing is an error that names it, not an empty token."""
    with pytest.raises(BadConfig) as refused:
        settings.read_secret(entry, "token", {})

    assert all(name in str(refused.value) for name in entry.values())


@pytest.mark.parametrize("key", ["token_env", "token_file"])
@pytest.mark.parametrize("token", ["ntn_made_up", "secret_Made0Up", "whsec_Made/Up+0=", "a\0b"])
def test_a_secret_in_the_place_of_its_name(key: str, token: str):
    """A token that was pasted where its variable or file should be named is not repeated."""
    with pytest.raises(BadConfig) as refused:
        settings.read_secret({key: token}, "token", {})

    assert token not in str(refused.value)
    assert key in str(refused.value)


@pytest.mark.parametrize("key", ["base_url", "rest_base_url"])
@pytest.mark.parametrize("scheme", ["https://", ""])
@pytest.mark.parametrize("user", ["jo", "jo:made-up-password", ":made-up-password"])
def test_an_address_with_a_password(key: str, scheme: str, user: str):
    """A user name or password in an address is refused, and not repeated."""
    given = {key: f"{scheme}{user}@notion.example/scim/v2", "scim_token": TOKEN, "api_key": TOKEN}

    with pytest.raises(BadConfig) as refused:
        settings.job_of(values(**given))

    assert "made-up-password" not in str(refused.value)
    assert "user name" in str(refused.value)


def test_secrets_of_values():
    """Every secret that click was given, for whoever hides them."""
    assert settings.secrets_of(values(scim_token="a", api_key=None)) == ["a"]  # noqa: S106 - no secret


def named(tmp_path: Path, content: object) -> list[Any]:
    """The workspaces of a file."""
    file = tmp_path / "all.yaml"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_workspaces(file, values(api_key="k" * 20, page_size=7))


def test_workspaces_inherit_what_they_do_not_say(tmp_path: Path):
    """Flags hold for every workspace, except for credentials: a token belongs to one workspace."""
    (one,) = named(tmp_path, [{"name": "a", "token": TOKEN, "output": "a.c1z"}])

    assert isinstance(one.job, Job)
    assert one.job.travel.page_size == 7
    assert one.job.scim is not None
    assert one.job.rest is None


@pytest.mark.parametrize("content", ["", "a: 1", "[]", "text", "3"])
def test_a_file_that_names_no_workspaces(content: str, tmp_path: Path):
    """The file as a whole must be a list."""
    with pytest.raises(BadConfig, match="list of workspaces"):
        named(tmp_path, content)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("[3]", "names and values"),
        ("[{name: a}]", "output"),
        ("[{name: a, output: x, colour: blue, 7: y}]", "There is no key '7'"),
        ("[{name: a, output: x, token: 'a b'}]", "space"),
    ],
)
def test_what_is_wrong_with_one_workspace(entry: str, told: str, tmp_path: Path):
    """It stands in that workspace's place; the others go on."""
    (one,) = named(tmp_path, entry)

    assert isinstance(one.job, BadConfig)
    assert told in str(one.job)


def test_nameless_workspaces_are_numbered(tmp_path: Path):
    """So that the log can speak of them."""
    found = named(tmp_path, [{"output": "a"}, {"output": "b"}])

    assert [one.name for one in found] == ["#1", "#2"]
