"""Several workspaces in one run: a YAML list, one file each, one failure stopping none of the rest.

A Notion token belongs to one workspace (Notion: N-012), so a company with five has five tokens.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rolecall.connector.job import Job
from rolecall.connector.settings import job_of, read_secret, read_yaml
from rolecall.errors import BadConfig

__all__ = ["Workspace", "read_workspaces"]

_KEYS: Final = frozenset(
    {"name", "output", "base_url", "rest_base_url"}
    | {f"{what}{how}" for what in ("token", "api_key") for how in ("", "_env", "_file")}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One entry of the file: what to do, or why it cannot be done."""

    name: str
    job: Job | BadConfig


def read_workspaces(path: Path, values: Mapping[str, Any]) -> list[Workspace]:
    """The workspaces that a file names.

    Args:
        path: YAML, a list; each entry has `name`, `output`, and `token` (or `token_env`, or
            `token_file`), and may have `api_key` likewise, `base_url` and `rest_base_url`.
        values: of the flags, which hold for every workspace unless its entry says otherwise.

    Raises:
        BadConfig: the file as a whole is unusable. What is wrong with one entry is in that entry.
    """
    entries = read_yaml(path)
    if not isinstance(entries, list) or not entries:
        raise BadConfig(f"{path} must be a list of workspaces, each with name, token and output.")
    found = [_workspace(number, entry, values) for number, entry in enumerate(entries, 1)]
    targets = [os.path.realpath(one.job.target) for one in found if isinstance(one.job, Job)]
    if len(set(targets)) != len(targets):
        raise BadConfig(f"{path}: two workspaces have the same output.")
    return found


def _workspace(number: int, entry: object, values: Mapping[str, Any]) -> Workspace:
    if not isinstance(entry, dict):
        return Workspace(name=f"#{number}", job=BadConfig("It has no names and values."))
    name = str(entry.get("name") or f"#{number}")
    try:
        return Workspace(name=name, job=_job(entry, values))
    except BadConfig as error:
        return Workspace(name=name, job=error)


def _job(entry: Mapping[str, Any], values: Mapping[str, Any]) -> Job:
    if unknown := sorted(map(str, set(entry) - _KEYS)):
        raise BadConfig(
            f"There is no key {unknown[0]!r}.", hint=f"Keys: {', '.join(sorted(_KEYS))}."
        )
    if not entry.get("output"):
        raise BadConfig("It has no output.", hint="Add `output: NAME.c1z`.")
    own = {key: str(entry[key]) for key in ("base_url", "rest_base_url") if entry.get(key)}
    return job_of(
        {
            **values,
            **own,
            "file": str(entry["output"]),
            "scim_token": read_secret(entry, "token"),
            "api_key": read_secret(entry, "api_key"),
        }
    )
