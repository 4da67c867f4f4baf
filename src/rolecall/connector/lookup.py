"""What the ids on a command line mean, by the newest finished sync of a c1z.

Only meaning comes from the file: which role or group an entitlement is, who a principal is. Whether
anybody holds anything is never read here.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from rolecall.baton.c1z.reader import Reader, open_c1z
from rolecall.baton.ids import grant_id
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceId
from rolecall.connector.resources import ROLE_ENTITLEMENTS, USER

__all__ = ["Synced", "lookup"]

_GRANT: Final = "--revoke-grant"


@contextmanager
def lookup(file: str) -> Iterator["Synced"]:
    """The newest finished sync of a file; one that knows nothing if there is none.

    Raises:
        BadFile: the file is there and unreadable.
    """
    path = Path(file)
    if not path.exists():
        yield Synced(file=file)
        return
    with open_c1z(path) as reader:
        finished = [one for one in reader.syncs() if one.finished]
        newest = max(finished, key=lambda one: one.order, default=None)
        yield Synced(file=file, reader=reader, sync_id=newest.sync_id if newest else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a file knows.

    An id that it does not know ends the run with status 2, as with the Go runner.
    """

    file: str
    reader: Reader | None = None
    sync_id: str = ""
    """Of the newest finished sync; "" if there is none."""

    def entitlement(self, wanted: str) -> Entitlement:
        """The entitlement of an id.

        Raises:
            click.BadParameter: the file does not know it.
        """
        found = self.reader.entitlement(self.sync_id, wanted) if self.reader else None
        if found is None:
            raise self._unknown(f"the entitlement {wanted!r}", "--grant-entitlement")
        return found

    def principal(self, resource_type: str, resource_id: str) -> Resource:
        """The resource that shall get something.

        Raises:
            click.BadParameter: the file does not know it.
        """
        found = self._resource(resource_type, resource_id)
        if found is None:
            what = f"the principal {resource_id!r} of the type {resource_type!r}"
            raise self._unknown(what, "--grant-principal")
        return found

    def grant(self, wanted: str) -> Grant | None:
        """The grant of an id, with the whole entitlement where the file has it; None if unknown."""
        found = self.reader.grant(self.sync_id, wanted) if self.reader else None
        if self.reader is None or found is None:
            return None
        found.entitlement.CopyFrom(self._whole(found.entitlement))
        return found

    def grant_by_form(self, wanted: str) -> tuple[Grant, bool]:
        """The grant that an id means if it is one of ours that the file does not list (yet).

        The id is not taken apart: it must begin like the grants of an entitlement that we know,
        and the rest of it is the user. So a grant that is younger than the file can be revoked.

        Returns:
            The grant, and whether the file lists the user.

        Raises:
            click.BadParameter: it begins like no entitlement's grants, or like those of several.
        """
        fitting = [
            (one, wanted.removeprefix(start))
            for one in self._entitlements()
            if wanted.startswith(start := grant_id(one.id, USER, "")) and wanted != start
        ]
        if not fitting:
            raise self._unknown(f"the grant {wanted!r}", _GRANT)
        if len(fitting) > 1:
            raise click.BadParameter(f"{wanted!r} can be read in two ways.", param_hint=_GRANT)
        entitlement, user = self._whole(fitting[0][0]), fitting[0][1]
        known = self._resource(USER, user)
        principal = known or Resource(id=ResourceId(resource_type=USER, resource=user))
        return Grant(entitlement=entitlement, principal=principal, id=wanted), known is not None

    def _resource(self, resource_type: str, resource_id: str) -> Resource | None:
        if self.reader is None:
            return None
        return self.reader.resource(self.sync_id, resource_type, resource_id)

    def _whole(self, entitlement: Entitlement) -> Entitlement:
        """The entitlement as the file has it, with its resource; itself if the file has it not."""
        found = self.reader.entitlement(self.sync_id, entitlement.id) if self.reader else None
        return found or entitlement

    def _entitlements(self) -> Iterable[Entitlement]:
        """The workspace roles, which are always the same four, and whatever else the file knows."""
        yield from ROLE_ENTITLEMENTS.values()
        roles = {one.id for one in ROLE_ENTITLEMENTS.values()}
        listed = self.reader.entitlements(self.sync_id) if self.reader else ()
        yield from (one for one in listed if one.id not in roles)

    def _unknown(self, what: str, flag: str) -> click.BadParameter:
        where = f"{self.file} does not know {what}" if self.sync_id else self._empty(what)
        return click.BadParameter(f"{where}; sync first.", param_hint=flag)

    def _empty(self, what: str) -> str:
        return f"{self.file} holds no finished sync that could know {what}"
