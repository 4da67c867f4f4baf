"""From flags, variables and files to a `Job`: the only module that reads the environment.

Flag before variable before configuration file before default; click keeps that order.
"""

import os
import re
import socket
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rolecall.connector import log
from rolecall.connector.flags import SECRETS
from rolecall.connector.job import Access, Job, Travel
from rolecall.connector.resources import TYPES
from rolecall.connector.targets import parse_targets
from rolecall.errors import BadConfig
from rolecall.notion.client import Patience

__all__ = [
    "Hosting",
    "environment_without_secrets",
    "hide_secrets",
    "hosting",
    "job_of",
    "kept_syncs",
    "read_config",
    "read_secret",
    "read_yaml",
    "secrets_from_files",
    "secrets_of",
    "webhook_secret",
]

_CONFIG: Final = Path(".baton.yaml")
_IN_FILES: Final = ("scim_token", "api_key", "client_id", "client_secret")
"""Flags, by key, whose value may also stand in the file that BATON_..._FILE names."""

_WEBHOOK_SECRET: Final = "BATON_WEBHOOK_SECRET"  # noqa: S105 - a name
MAX_SECRET: Final = 64 * 1024
"""Bytes; whatever is longer is not a secret but a mistake."""

_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
"""Names of variables that may be repeated in a message; no token is of this form."""

_PEBBLE: Final = "This connector writes c1z version 1 (sqlite), which every Baton tool reads."


def hide_secrets(argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Separate secrets from a command line, where every user of the machine could read them.

    Returns:
        The command line without them, and the variables to set in their stead.
    """
    names = {f"--{name}": "BATON_" + name.upper().replace("-", "_") for name in SECRETS}
    rest, found = list[str](), dict[str, str]()
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if name not in names:
            rest.append(word)
        elif equals:
            found[names[name]] = value
        else:
            found[names[name]] = next(words, "")
    return rest, found


def read_config(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The configuration file as click's defaults; empty if there is none.

    Raises:
        BadConfig: the file is named and missing, no YAML, or no mapping.
    """
    named = environ.get("BATON_CONFIG_PATH", "")
    path = Path(named) if named else _CONFIG
    if not named and not path.exists():
        return {}
    if path.suffix not in {".yaml", ".yml"}:
        raise BadConfig(f"BATON_CONFIG_PATH: {path} must end in .yaml or .yml.")
    found = read_yaml(path)
    if not isinstance(found, dict):
        raise BadConfig(f"{path} must hold names and values, such as `scim-token: ...`.")
    return {str(key).replace("-", "_"): _flat(value) for key, value in found.items()}


def _flat(value: object) -> object:
    """A YAML list as the comma separated text that a flag takes."""
    return ",".join(str(one) for one in value) if isinstance(value, list) else value


def read_yaml(path: Path) -> object:
    """What a YAML file holds; an empty mapping if nothing.

    Raises:
        BadConfig: it is missing, unreadable or no YAML. The message repeats nothing of it.
    """
    import yaml  # noqa: PLC0415 - only who has such a file pays for it

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise BadConfig(f"Cannot read {path}: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2026-99-99
        # Its own words would repeat the line at fault, which may hold a token.
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        raise BadConfig(f"{path} is no YAML{where}.") from None


def read_secret(
    entry: Mapping[str, Any], what: str, environ: Mapping[str, str] = os.environ
) -> str:
    """A secret that stands under `what`, or in the variable `what_env` or the file `what_file`.

    Returns:
        The secret, or "" if none of the three is there.

    Raises:
        BadConfig: the variable or file is named and cannot be read.
    """
    if variable := entry.get(f"{what}_env"):
        if str(variable) not in environ:
            shown = f"{variable} is" if _NAME.fullmatch(str(variable)) else "The variable is"
            raise BadConfig(
                f"{what}_env: {shown} not set.", hint=f"{what}_env names a variable, not a value."
            )
        return environ[str(variable)]
    if file := entry.get(f"{what}_file"):
        try:
            return Path(str(file)).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:  # no such file, no text, no path
            raise BadConfig(
                f"{what}_file: cannot read {_shown(str(file))}.",
                hint=f"{what}_file names a file that holds the {what}.",
            ) from error
    return str(entry.get(what) or "")


def _shown(file: str) -> str:
    """The path of a file, for a message; what might be a secret in its place is not repeated."""
    return file if Path(file).is_absolute() else "the file that it names"


def kept_syncs(environ: Mapping[str, str] = os.environ) -> int | None:
    """How many full syncs the file keeps (BATON_KEEP_SYNC_COUNT, BATON_SKIP_CLEANUP); None: all.

    Raises:
        BadConfig: it is no number above 0.
    """
    if environ.get("BATON_SKIP_CLEANUP", "").lower() in {"1", "true"}:
        return None
    text = environ.get("BATON_KEEP_SYNC_COUNT", "") or "2"
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise BadConfig(f"BATON_KEEP_SYNC_COUNT: {text!r} is no number above 0.")
    return int(text)


def secrets_of(values: Mapping[str, Any]) -> list[str]:
    """The secrets among the values of flags, for whoever hides them."""
    keys = [name.replace("-", "_") for name in SECRETS]
    return [str(values[key]) for key in keys if values.get(key)]


def secrets_from_files(
    given: Container[str] = (), environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What stands in the files that BATON_SCIM_TOKEN_FILE and its like name, as it is now.

    Args:
        given: keys of flags that were given otherwise, by flag or variable.
        environ: the variables.

    Returns:
        By the flags' keys; hidden from the log from now on, but for the client id, which is none.

    Raises:
        BadConfig: a secret is given twice; a file is unreadable, empty, or no text.
    """
    found = dict[str, str]()
    for key in _IN_FILES:
        variable = f"BATON_{key.upper()}"
        file = environ.get(f"{variable}_FILE", "")
        if not file:
            continue
        if key in given:
            flag = key.replace("_", "-")
            raise BadConfig(
                f"--{flag} ({variable}) and {variable}_FILE are both given.",
                hint="Keep one of the two.",
            )
        found[key] = _content(f"{variable}_FILE", file)
    log.hide(*secrets_of(found))
    return found


def webhook_secret(environ: Mapping[str, str] = os.environ) -> str:
    """The secret by which webhooks are signed, or ""; hidden from the log from now on.

    Raises:
        BadConfig: it is given twice, or its file is unusable.
    """
    said, file = environ.get(_WEBHOOK_SECRET, ""), environ.get(f"{_WEBHOOK_SECRET}_FILE", "")
    if said and file:
        raise BadConfig(
            f"{_WEBHOOK_SECRET} and {_WEBHOOK_SECRET}_FILE are both given.",
            hint="Keep one of the two.",
        )
    secret = _content(f"{_WEBHOOK_SECRET}_FILE", file) if file else said
    log.hide(secret)
    return secret


def _content(variable: str, file: str) -> str:
    """The one line of a file; the message of an error repeats nothing of it."""
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(MAX_SECRET + 1).decode().strip("\r\n")
    except OSError as error:
        raise BadConfig(f"{variable}: cannot read {_shown(file)} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadConfig(f"{variable}: {_shown(file)} holds no text.") from error
    if not text or len(text) > MAX_SECRET:
        raise BadConfig(
            f"{variable}: {_shown(file)} is {'too long' if text else 'empty'}.",
            hint="It must hold the secret and nothing else.",
        )
    return text


def environment_without_secrets(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What another program may know: no variable of ours for a secret, and none that holds one."""
    names = {f"BATON_{key.upper()}" for key in _IN_FILES} | {_WEBHOOK_SECRET}
    named = names | {f"{name}_FILE" for name in names}
    return {
        name: value
        for name, value in environ.items()
        if name not in named and log.clean(value) == value
    }


def job_of(values: Mapping[str, Any]) -> Job:
    """The sync that the flags ask for.

    Args:
        values: by the flags' names as identifiers.

    Raises:
        BadConfig: a value is unusable.
    """
    if values.get("storage_engine") == "pebble":
        raise BadConfig("--storage-engine pebble is not supported.", hint=_PEBBLE)
    return Job(
        target=Path(values["file"]),
        scim=_access(values["base_url"], values.get("scim_token")),
        rest=_access(values["rest_base_url"], values.get("api_key")),
        wanted=_types(values.get("sync_resource_types") or ""),
        targets=parse_targets(_list(values.get("sync_resources") or "")),
        include_bots=values["include_bots"],
        allow_accounts_only=values["allow_accounts_only"],
        keep=kept_syncs(),
        travel=Travel(
            workers=_workers(values["workers"]),
            page_size=values["page_size"],
            requests_per_second=values["requests_per_second"],
            timeout_s=values["http_timeout_seconds"],
            ca_file=Path(values["ca_file"]) if values.get("ca_file") else None,
            patience=Patience(total_s=values["retry_seconds"]),
        ),
    )


def _access(url: str, token: str | None) -> Access | None:
    """The door, if there is a token; which must be fit for a header."""
    token = (token or "").strip()
    if not token:
        return None
    log.hide(token)
    _refuse_a_password(url)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BadConfig(
            "A token holds a space or a character that no token has.",
            hint="Copy it again, without quotes and line ends.",
        )
    return Access(url=url, token=token)


def _refuse_a_password(url: str) -> None:
    """Addresses stand in messages and in the journal, where nobody looks for a password."""
    if "@" in url.rpartition("://")[2].partition("/")[0]:
        raise BadConfig(
            "The address of Notion holds a user name or a password.",
            hint="Give the address alone in --base-url and --rest-base-url.",
        )


def _list(text: str) -> list[str]:
    return [part.strip() for part in str(text).split(",") if part.strip()]


def _types(text: str) -> frozenset[str]:
    wanted = frozenset(_list(text)) or frozenset(TYPES)
    if unknown := sorted(wanted - set(TYPES)):
        raise BadConfig(
            f"--sync-resource-types: there is no {unknown[0]!r}.",
            hint=f"There are {', '.join(TYPES)}.",
        )
    return wanted


def _workers(number: int) -> int:
    """-1 is 4, as upstream; 0 and 1 are one after the other."""
    return 4 if number < 0 else max(number, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """What only the environment says about service mode, as with the Go connector."""

    host_id: str
    """Which of several connectors with one client id this is (BATON_HOST_ID)."""

    api_host: str
    """Where the controller is, if not at the client id's host (BATON_C1_API_HOST)."""

    get_tasks: bool
    """Whether to ask for several tasks at once (BATON_GET_TASKS)."""

    ssl_cert_file: str
    """Certificates to trust instead of the system's (SSL_CERT_FILE)."""


MAX_HOST_ID: Final = 256


def hosting(environ: Mapping[str, str] = os.environ) -> Hosting:
    """Read `Hosting`.

    Raises:
        BadConfig: the host id is longer than the protocol allows.
    """
    host_id = environ.get("BATON_HOST_ID", "") or socket.gethostname() or "rolecall-notion"
    if len(host_id) > MAX_HOST_ID:
        raise BadConfig(f"BATON_HOST_ID has more than {MAX_HOST_ID} characters.")
    return Hosting(
        host_id=host_id,
        api_host=environ.get("BATON_C1_API_HOST", ""),
        get_tasks=environ.get("BATON_GET_TASKS", "").lower() in {"1", "true"},
        ssl_cert_file=environ.get("SSL_CERT_FILE", ""),
    )
