"""From the values of flags to a desk at which changes are made: connection, journal, guard's facts.

Owns what is done before the first change: take the journal for ourselves, find the person whose
token we use, close the entries that a crash left open. Changes nothing by itself.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import entitlement_id
from rolecall.connector.job import Access, connect
from rolecall.connector.provision.journal import Entry, FolderJournal, locked_journal
from rolecall.connector.provision.operations import OWNER
from rolecall.connector.provision.settle import Desk, resolve
from rolecall.connector.resources import ASSIGNED, ROLE
from rolecall.connector.settings import job_of
from rolecall.errors import BadConfig, Error
from rolecall.notion.client import Client
from rolecall.notion.finding import Finder
from rolecall.notion.model import Member
from rolecall.notion.workspace import ScimWorkspace

__all__ = ["LiveDesk", "journal_folder", "open_desk"]

HINTS: Final = 3
"""Owners that are read from a file; each is looked at in Notion before it is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDesk(Desk):
    """A desk with a connection to Notion."""

    finder: Finder
    """Also `eyes`; it finds people and groups by their names too."""

    client: Client
    """Also `hands`; its counters tell what the changes cost."""

    resolved: tuple[tuple[Entry, str], ...] = ()
    """Entries that a crash had left open, and what became of each."""


def journal_folder(values: Mapping[str, Any]) -> Path:
    """Where the journal is: `--journal`, else beside the file of the sync."""
    return Path(values.get("journal") or f"{values['file']}.journal")


@asynccontextmanager
async def open_desk(
    values: Mapping[str, Any],
    world: Surroundings,
    *,
    actor: str,
    notice: Callable[[str], None],
    changing: bool = True,
) -> AsyncIterator[LiveDesk]:
    """A desk for what the flags say.

    Args:
        values: of the flags, by their names as identifiers.
        world: clock and ids.
        actor: who asks.
        notice: told what did not go smoothly.
        changing: whether changes will be made; without, the journal is only read, not locked, and
            open entries stay open.

    Raises:
        BadConfig: a flag is unusable, or there is no SCIM token.
        Conflict: another process is changing this workspace.
        Error: Notion could not be asked.
    """
    job = job_of(values)
    access = _scim_only(job.scim)
    async with AsyncExitStack() as stack:
        folder = journal_folder(values)
        journal = stack.enter_context(locked_journal(folder)) if changing else FolderJournal(folder)
        client = await stack.enter_async_context(connect(access, job.travel, world.now))
        workspace = ScimWorkspace(
            client, workers=job.travel.workers, page_size=job.travel.page_size, notice=notice
        )
        finder = Finder(client, workspace)
        token_owner = await _named(finder, values, "token_owner")
        other_owner = await _named(finder, values, "other_owner")

        def desk(resolved: tuple[tuple[Entry, str], ...] = ()) -> LiveDesk:
            return LiveDesk(
                eyes=finder,
                finder=finder,
                hands=client,
                client=client,
                journal=journal,
                now=world.now,
                new_id=world.new_id,
                actor=actor,
                workspace=access.url,
                token_owner=token_owner,
                owner_hints=lambda: _hints(other_owner, job.target),
                agreed=values.get("yes_really") or 0,
                resolved=resolved,
            )

        yield desk(tuple(await resolve(desk())) if changing else ())


def _scim_only(access: Access | None) -> Access:
    if access is None:
        raise BadConfig(
            "Changing Notion needs a SCIM token; the public API changes nobody's access.",
            hint="Give --scim-token (BATON_SCIM_TOKEN).",
        )
    return access


async def _named(finder: Finder, values: Mapping[str, Any], flag: str) -> str:
    """The id of a person whom a flag names, looked up: a guard must not rest on a misspelling."""
    word = str(values.get(flag) or "").strip()
    if not word:
        return ""
    found: Member | None
    found = await (finder.member_called(word) if "@" in word else finder.member(word))
    if found is None:
        raise BadConfig(
            f"--{flag.replace('_', '-')}: no member has the id or e-mail address {word!r}.",
            hint="Give the e-mail address or id of a member of this workspace.",
        )
    return found.id


def _hints(named: str, file: Path) -> Iterator[str]:
    """People who may be workspace owners: the named one, else those of the last sync.

    A sync may be old and a file may be damaged; that costs a request or a listing, never safety.
    """
    if named:
        yield named
    if not file.exists():
        return
    owner = entitlement_id(ROLE, OWNER, ASSIGNED)
    try:
        with open_c1z(file) as reader:
            held = reader.grants(reader.sync().sync_id, ROLE)
            ids = (one.principal.id.resource for one in held if one.entitlement.id == owner)
            found = list(islice(ids, HINTS))
    except Error:
        return
    yield from found
