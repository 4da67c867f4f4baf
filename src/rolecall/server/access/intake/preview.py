"""How much a sync would change, before it does: counts by kind, and whether it looks like us."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.server.access.intake import queries
from rolecall.server.access.models import App

__all__ = ["Example", "Preview", "Shift", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How many of one kind there are, and would be."""

    before: int
    added: int
    changed: int
    ended: int

    def shrinks_by(self, percent: int) -> bool:
        """Whether so many in a hundred, or more, would end."""
        return self.ended > 0 and self.ended * 100 >= percent * self.before

    def as_json(self) -> dict[str, int]:
        """For `Sync.counts` and `Hold.facts`."""
        return {
            "before": self.before,
            "added": self.added,
            "changed": self.changed,
            "removed": self.ended,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Somebody who would lose something."""

    kind: str
    """account, role or group."""
    account: str
    """Public id."""
    name: str
    of: str
    """Name of the role or group; empty where the account itself would end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What taking a sync in would come to."""

    accounts: Shift
    resources: Shift
    grants: Mapping[str, Shift]
    """By kind: role and group. A role in the place of another counts as changed."""
    overlap: float | None
    """Share of accounts, or of groups if that is less, that are in the file and were there before,
    of the smaller side; None if there was nothing before. A person has one id in all workspaces of
    a company (Notion: N-131), so groups tell two workspaces apart where accounts do not."""

    def shrinking(self, percent: int) -> dict[str, Shift]:
        """The kinds of which so many in a hundred would end: account, role, group."""
        kinds = {"account": self.accounts, **self.grants}
        return {kind: shift for kind, shift in kinds.items() if shift.shrinks_by(percent)}

    def examples(self, limit: int = 200) -> list[Example]:
        """The first who would lose something; only while it is decided (in the guard)."""
        return [
            Example(kind=kind, account=public_id, name=name, of=of)
            for kind, public_id, name, of in queries.rows("preview", "examples", {"limit": limit})
        ]

    def as_json(self) -> dict[str, Any]:
        """For `Sync.counts` and `Hold.facts`."""
        return {
            "accounts": self.accounts.as_json(),
            "resources": self.resources.as_json(),
            "grants": {kind: shift.as_json() for kind, shift in self.grants.items()},
        }


def measure(app: App) -> Preview:
    """Count what the tables of differences hold."""
    values = {"app": app.pk}
    (accounts,) = queries.rows("preview", "accounts", values)
    (resources,) = queries.rows("preview", "resources", values)
    grants = queries.rows("preview", "grants", values)
    return Preview(
        accounts=_shift(accounts),
        resources=_shift(resources),
        grants={str(kind): _shift(counts) for kind, *counts in grants},
        overlap=_overlap(queries.rows("preview", "overlap", values)),
    )


def _shift(counts: Any) -> Shift:  # noqa: ANN401 - a row of four numbers
    before, added, changed, ended = map(int, counts)
    return Shift(before=before, added=added, changed=changed, ended=ended)


def _overlap(rows: list[tuple[Any, ...]]) -> float | None:
    shares = [both / min(here, there) for _, here, there, both in rows if here and there]
    return min(shares, default=None)
