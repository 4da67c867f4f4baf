"""`rolecall-notion check`: what the credentials can read, what is missing, and why.

Asks each door one cheap question that needs a valid token; the open discovery endpoint would
prove nothing (Notion: N-022). Writes no file.
"""

from dataclasses import asdict, dataclass
from typing import Final

import click

from rolecall.connector import log
from rolecall.connector.command import until_signalled, world
from rolecall.connector.files import output_option, standard_output
from rolecall.connector.job import Access, Job, Travel, check, connect
from rolecall.connector.settings import job_of
from rolecall.connector.tables import Form, render
from rolecall.errors import BadToken, Code, Error, WrongPlan
from rolecall.notion.scim import groups_path, users_path
from rolecall.notion.workspace import RestWorkspace, ScimWorkspace

__all__ = ["command"]

COLUMNS: Final = ("what", "ok", "found", "missing")


_QUESTIONS: Final = (
    ("SCIM: accounts and roles", users_path(), "guests: no interface of Notion lists them"),
    ("SCIM: groups", groups_path(), ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of the checklist."""

    what: str
    ok: bool
    found: str = ""
    missing: str = ""
    code: int = 0

    refusal: bool = False
    """Whether it is what `--allow-accounts-only` is for."""


@click.command("check", short_help="Say what the credentials can read, and what is missing.")
@output_option
@click.pass_context
def command(context: click.Context, output: Form) -> None:
    """Ask Notion what the given credentials can read; say what is missing, and why.

    The exit status is 0 if a sync would work, else that of the refusal.
    """
    job = job_of(context.find_root().params)
    check(job)
    lines = until_signalled(_checklist(job))
    rows = [tuple(asdict(line)[column] for column in COLUMNS) for line in lines]
    out = standard_output(output)
    if output == "table":
        rows = [(("✓ " if ok else "✗ ") + what, *rest) for what, ok, *rest in rows]
        render(("what", "found", "missing"), rows, form=output, out=out)
    else:
        render(COLUMNS, rows, form=output, out=out)
    context.exit(_status(job, lines))


def _status(job: Job, lines: list[_Line]) -> int:
    """0 if the sync that these flags ask for would work, else the status it would end with."""
    scim, rest = _first_trouble(lines, "SCIM"), _first_trouble(lines, "API key")
    if job.scim is None:
        return rest
    refused = any(line.refusal for line in lines if line.what.startswith("SCIM"))
    if refused and job.allow_accounts_only and job.rest:
        return rest
    return scim or (rest if job.include_bots else int(Code.OK))


def _first_trouble(lines: list[_Line], what: str) -> int:
    found = (line.code for line in lines if line.what.startswith(what) and not line.ok)
    return next(found, int(Code.OK))


async def _checklist(job: Job) -> list[_Line]:
    lines = []
    if job.scim:
        lines += await _scim(job.scim, job.travel)
    else:
        missing = "roles and groups: they need a SCIM token, which needs the Enterprise plan"
        lines.append(_Line(what="SCIM token", ok=False, missing=missing, code=int(Code.OK)))
    if job.rest:
        lines.append(await _rest(job.rest, job.travel))
    elif job.scim:
        lines.append(_Line(what="API key", ok=False, missing="bots: they need an API key"))
    return lines


async def _scim(access: Access, travel: Travel) -> list[_Line]:
    async with connect(access, travel, world().now) as client:
        workspace = ScimWorkspace(client, notice=lambda _: None)
        found = []
        for what, path, beyond in _QUESTIONS:
            try:
                count = await workspace.count(path)
                found.append(_Line(what=what, ok=True, found=f"{count}", missing=beyond))
            except Error as error:
                found.append(_refused(what, error))
        return found


async def _rest(access: Access, travel: Travel) -> _Line:
    async with connect(access, travel, world().now, rest=True) as client:
        workspace = RestWorkspace(client, notice=lambda _: None)
        try:
            me = await workspace.me()
            await workspace.first_page()
        except Error as error:
            return _refused("API key: accounts", error)
    named = me.workspace_name or me.workspace_id or "a workspace"
    return _Line(
        what="API key: accounts",
        ok=True,
        found=f"{named}, as {me.bot_name or 'a bot'}",
        missing="roles and groups (SCIM only); guests (nowhere)",
    )


def _refused(what: str, error: Error) -> _Line:
    return _Line(
        what=what,
        ok=False,
        missing=log.clean(str(error)),
        code=int(error.code),
        refusal=isinstance(error, BadToken | WrongPlan),
    )
