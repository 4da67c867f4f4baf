"""What credentials can read, what is missing, and why: the checklist of `check` and of the server.

Asks each door one cheap question that needs a valid token; the open discovery endpoint would
prove nothing (Notion: N-022). Writes no file, and prints nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rolecall.connector import log
from rolecall.connector.job import Access, Job, Travel, connect
from rolecall.errors import BadToken, Code, Error, WrongPlan
from rolecall.notion.scim import groups_path, users_path
from rolecall.notion.workspace import RestWorkspace, ScimWorkspace

__all__ = ["Line", "checklist", "status"]

_QUESTIONS: Final = (
    ("SCIM: accounts and roles", users_path(), "guests: no interface of Notion lists them"),
    ("SCIM: groups", groups_path(), ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the checklist."""

    what: str
    ok: bool
    found: str = ""
    missing: str = ""
    error: Error | None = None
    """Why it is not ok, if Notion or the way to it refused."""

    workspace_id: str = ""
    """Notion's id of the workspace, where the interface says it."""

    @property
    def code(self) -> int:
        """The exit status that a sync by this door alone would have."""
        return int(self.error.code if self.error else Code.OK)


async def checklist(job: Job, clock: Callable[[], datetime]) -> list[Line]:
    """Ask Notion; a line for each door that there is, and for each that there is not."""
    lines = []
    if job.scim:
        lines += await _scim(job.scim, job.travel, clock)
    else:
        missing = "roles and groups: they need a SCIM token, which needs the Enterprise plan"
        lines.append(Line(what="SCIM token", ok=False, missing=missing))
    if job.rest:
        lines.append(await _rest(job.rest, job.travel, clock))
    elif job.scim:
        lines.append(Line(what="API key", ok=False, missing="bots: they need an API key"))
    return lines


def status(job: Job, lines: list[Line]) -> int:
    """0 if the sync that this job asks for would work, else the status it would end with."""
    scim, rest = _first_trouble(lines, "SCIM"), _first_trouble(lines, "API key")
    if job.scim is None:
        return rest
    refused = any(isinstance(one.error, BadToken | WrongPlan) for one in _of(lines, "SCIM"))
    if refused and job.allow_accounts_only and job.rest:
        return rest
    return scim or (rest if job.include_bots else int(Code.OK))


def _of(lines: list[Line], what: str) -> list[Line]:
    return [line for line in lines if line.what.startswith(what)]


def _first_trouble(lines: list[Line], what: str) -> int:
    return next((line.code for line in _of(lines, what) if line.code), int(Code.OK))


async def _scim(access: Access, travel: Travel, clock: Callable[[], datetime]) -> list[Line]:
    async with connect(access, travel, clock) as client:
        workspace = ScimWorkspace(client, notice=lambda _: None)
        found = []
        for what, path, beyond in _QUESTIONS:
            try:
                count = await workspace.count(path)
                found.append(Line(what=what, ok=True, found=f"{count}", missing=beyond))
            except Error as error:
                found.append(_refused(what, error))
        return found


async def _rest(access: Access, travel: Travel, clock: Callable[[], datetime]) -> Line:
    async with connect(access, travel, clock, rest=True) as client:
        workspace = RestWorkspace(client, notice=lambda _: None)
        try:
            me = await workspace.me()
            await workspace.first_page()
        except Error as error:
            return _refused("API key: accounts", error)
    named = me.workspace_name or me.workspace_id or "a workspace"
    return Line(
        what="API key: accounts",
        ok=True,
        found=f"{named}, as {me.bot_name or 'a bot'}",
        missing="roles and groups (SCIM only); guests (nowhere)",
        workspace_id=me.workspace_id,
    )


def _refused(what: str, error: Error) -> Line:
    return Line(what=what, ok=False, missing=log.clean(str(error)), error=error)
