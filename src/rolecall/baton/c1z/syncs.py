"""Sync runs: which of them a file shows, which it keeps, and what their statistics say. No I/O.

A sync is *finished* when it has an end, and nothing else is looked at. Order between finished syncs
is by end, then by id, as in every Baton tool.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

__all__ = [
    "DIFF_TYPES",
    "FULL",
    "SyncRun",
    "SyncStats",
    "kept_syncs",
    "last_two_full",
    "newest_finished",
    "shown_sync",
]

FULL: Final = "full"
DIFF_TYPES: Final = frozenset({"partial_upserts", "partial_deletions"})


def _counts(value: object) -> dict[str, int]:
    """A JSON object of counts; whatever else stands there is left out."""
    if not isinstance(value, Mapping):
        return {}
    return {str(key): _count(number) for key, number in value.items() if _count(number)}


def _count(value: object) -> int:
    """A count as protobuf's JSON writes it: a number, or a 64-bit number in quotes."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


@dataclass(frozen=True, kw_only=True)
class SyncStats:
    """How many rows a sync holds; the JSON has the field names of `c1.reader.v2.SyncStats`."""

    resource_types: int = 0
    resources: int = 0
    entitlements: int = 0
    grants: int = 0
    assets: int = 0
    resources_by_resource_type: Mapping[str, int] = field(default_factory=dict)
    grants_by_resource_type: Mapping[str, int] = field(default_factory=dict)
    entitlements_by_resource_type: Mapping[str, int] = field(default_factory=dict)
    """Counted by the type of the entitlement's resource, not of the principal."""

    def to_json(self) -> str:
        """Compact JSON, zeros left out, maps in order of their keys."""
        found: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, Mapping):
                value = {key: value[key] for key in sorted(value) if value[key]}
            if value:
                found[name] = value
        return json.dumps(found, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None) -> "SyncStats | None":
        """Read what any writer stored; None when nothing is usable and rows must be counted."""
        try:
            found = json.loads(text or "")
        except ValueError:
            return None
        if not isinstance(found, dict):
            return None
        return cls(
            resource_types=_count(found.get("resource_types")),
            resources=_count(found.get("resources")),
            entitlements=_count(found.get("entitlements")),
            grants=_count(found.get("grants")),
            assets=_count(found.get("assets")),
            resources_by_resource_type=_counts(found.get("resources_by_resource_type")),
            grants_by_resource_type=_counts(found.get("grants_by_resource_type")),
            entitlements_by_resource_type=_counts(found.get("entitlements_by_resource_type")),
        )


@dataclass(frozen=True, kw_only=True)
class SyncRun:
    """One row of `v1_sync_runs`."""

    sync_id: str
    started_at: datetime
    ended_at: datetime | None = None
    """None while the sync is unfinished."""

    sync_token: str = ""
    """Checkpoint of whoever wrote it; opaque here."""

    sync_type: str = FULL
    """`full`, `partial`, `resources_only`, `partial_upserts`, `partial_deletions`, or newer."""

    parent_sync_id: str = ""
    linked_sync_id: str = ""
    supports_diff: bool = False
    stats: SyncStats | None = None

    def __post_init__(self) -> None:
        for moment in (self.started_at, self.ended_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("a sync run takes times with a zone")

    @property
    def finished(self) -> bool:
        """Whether the sync was ended."""
        return self.ended_at is not None

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts finished syncs from old to new; for unfinished ones it is their start."""
        return (self.ended_at or self.started_at, self.sync_id)


def newest_finished(runs: Iterable[SyncRun], sync_type: str | None = None) -> SyncRun | None:
    """The finished sync that ended last, of one type or of any."""
    matching = [run for run in runs if run.finished and sync_type in {None, run.sync_type}]
    return max(matching, key=lambda run: run.order, default=None)


def shown_sync(runs: Iterable[SyncRun]) -> SyncRun | None:
    """The sync that a file shows: the newest finished of any type, else the newest of all."""
    every = list(runs)
    unfinished = (run for run in every if not run.finished)
    return newest_finished(every) or max(unfinished, key=lambda run: run.order, default=None)


def last_two_full(runs: Iterable[SyncRun]) -> tuple[SyncRun, SyncRun] | None:
    """The two newest finished full syncs, older one first; None when there are fewer."""
    full = sorted(
        (run for run in runs if run.finished and run.sync_type == FULL), key=lambda run: run.order
    )
    return (full[-2], full[-1]) if len(full) > 1 else None


def kept_syncs(runs: Iterable[SyncRun], keep: int = 2, *, ending: str = "") -> frozenset[str]:
    """Which syncs stay in the file; the rows of all others are deleted.

    The newest `keep` finished full syncs stay. The one that is about to end (`ending`) stays and,
    being full, takes one of those places, since clean-up runs before the end is written. Partial
    syncs go when they ended before the oldest kept full sync began; unfinished ones when a kept
    full sync began after them; of the pairs that a diff makes, the last one stays.

    Args:
        runs: every run in the file, in any order.
        keep: how many full syncs stay, at least 1.
        ending: id of the sync that is about to be ended, or "".

    Returns:
        The ids that stay.

    Raises:
        ValueError: `keep` is below 1.
    """
    if keep < 1:
        raise ValueError("at least one sync is kept")
    every = list(runs)
    current = [run for run in every if run.sync_id == ending]
    others = [run for run in every if run.sync_id != ending]
    full = sorted(
        (run for run in others if run.finished and run.sync_type == FULL),
        key=lambda run: run.order,
        reverse=True,
    )
    current_full = [run for run in current if run.sync_type == FULL]
    kept_full = current_full + full[: keep - len(current_full)]
    rest = [run for run in others if not (run.finished and run.sync_type == FULL)]
    stays = [run for run in rest if _still_tells_something(run, kept_full)]
    pairs = [run for run in rest if run.sync_type in DIFF_TYPES]
    return frozenset(
        run.sync_id for run in [*current, *kept_full, *_without_old_pairs(stays, pairs)]
    )


def _still_tells_something(run: SyncRun, kept_full: list[SyncRun]) -> bool:
    """Whether a kept full sync has not made this one obsolete."""
    if not kept_full or run.sync_type in DIFF_TYPES:
        return True
    if run.ended_at is None:
        return run.started_at >= max(full.started_at for full in kept_full)
    return run.ended_at >= min(full.started_at for full in kept_full)


def _without_old_pairs(stays: list[SyncRun], pairs: list[SyncRun]) -> list[SyncRun]:
    """Leave out the diff syncs that do not belong to the newest pair."""
    newest = max(pairs, key=lambda run: run.order, default=None)
    if newest is None:
        return stays
    last = {newest.sync_id, newest.linked_sync_id}
    return [run for run in stays if run.sync_type not in DIFF_TYPES or run.sync_id in last]
