"""What an unattended connector counts, as Prometheus reads it.

Owns the numbers and their names; who serves them is `health`. Keeps plain values, and asks
prometheus-client to write them only when somebody reads. No label ever holds text from Notion.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rolecall.baton.c1z.syncs import SyncStats
from rolecall.baton.engine import Complete
from rolecall.connector.job import Outcome
from rolecall.errors import Code, Error
from rolecall.notion.client import Client, Counters

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"
"""Of what `render` writes."""

_KINDS: Final = {"user": "accounts", "group": "groups", "role": "roles"}
"""Our names of the rows, by the file's resource types."""


@dataclass(slots=True)
class _Last:
    """How the last sync of one workspace ended, and the last that wrote a file."""

    ended: float = 0.0
    seconds: float = 0.0
    good: float | None = None
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Traffic:
    """Requests to Notion, and what they cost."""

    requests: int = 0
    retries: int = 0
    complaints: int = 0
    waited_s: float = 0.0

    def add(self, counters: Counters, waited_s: float) -> None:
        self.requests += counters.requests
        self.retries += counters.retries
        self.complaints += counters.complaints
        self.waited_s += waited_s


@dataclass(slots=True, kw_only=True, eq=False)
class Metrics:
    """Everything that is counted; one per process."""

    now: Callable[[], datetime]
    _last: dict[str, _Last] = field(default_factory=dict)
    _syncs: Counter[tuple[str, str]] = field(default_factory=Counter)
    _tasks: Counter[tuple[str, str]] = field(default_factory=Counter)
    _notices: Counter[tuple[str, str]] = field(default_factory=Counter)
    _traffic: _Traffic = field(default_factory=_Traffic)
    _followed: list[Client] = field(default_factory=list)
    _connected: bool | None = None

    def sync_ended(
        self, ended: Outcome | BaseException, seconds: float, *, workspace: str = ""
    ) -> None:
        """A sync came to its end.

        Args:
            ended: what it came to, or what ended it.
            seconds: how long it took.
            workspace: its name, where there are several.
        """
        last = self._last.setdefault(workspace, _Last())
        last.ended, last.seconds = self.now().timestamp(), seconds
        self._syncs[workspace, _result(ended)] += 1
        if isinstance(ended, Outcome):
            last.good = last.ended
            last.rows = _rows(ended.result.run.stats)
            if not any(client.counters is ended.counters for client in self._followed):
                self._traffic.add(ended.counters, ended.waited_s)

    def task_ended(self, kind: str, code: Code) -> None:
        """A controller's task came to its end; fit for `Worker.finished`."""
        self._tasks[kind, code.name.lower()] += 1

    def notice_ended(self, way: str, *, told: bool) -> None:
        """Somebody was told what changed, by `command` or `webhook`, or could not be told."""
        self._notices[way, "told" if told else "failed"] += 1

    def connected(self, *, heard: bool) -> None:
        """Whether the controller hears us; not shown as long as nobody has said."""
        self._connected = heard

    @contextmanager
    def following(self, client: Client) -> Iterator[None]:
        """Count this client's requests while they happen, however the sync ends."""
        self._followed.append(client)
        try:
            yield
        finally:
            # Not `remove`: two clients may be equal, and this one must go.
            self._followed[:] = [one for one in self._followed if one is not client]
            self._traffic.add(client.counters, client.pace.waited_s)

    def render(self) -> bytes:
        """The numbers as text, `CONTENT_TYPE`."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - costly

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        """The numbers as prometheus-client's families."""
        yield from self._about_syncs()
        yield from self._about_rows()
        yield from self._about_traffic()
        yield _counter("tasks", "Tasks of the controller that ended", ("kind", "code"), self._tasks)
        yield _counter("notices", "Change notices", ("way", "result"), self._notices)
        if self._connected is not None:
            yield _gauge("connected", "1 while the controller hears us", {(): self._connected})

    def _about_syncs(self) -> "Iterator[Metric]":
        now, every = self.now().timestamp(), self._last.items()
        good = {(name,): one.good for name, one in every if one.good is not None}
        where = ("workspace",)
        yield _counter("syncs", "Syncs that ended", ("workspace", "result"), self._syncs)
        yield _gauge(
            "last_sync_end_timestamp_seconds",
            "When the last sync ended, well or not",
            {(name,): one.ended for name, one in every},
            where,
        )
        yield _gauge(
            "last_sync_duration_seconds",
            "How long the last sync took",
            {(name,): one.seconds for name, one in every},
            where,
        )
        yield _gauge(
            "last_good_sync_timestamp_seconds",
            "When the last sync ended that was complete or partial",
            good,
            where,
        )
        yield _gauge(
            "last_good_sync_age_seconds",
            "Seconds since then",
            {name: max(0.0, now - ended) for name, ended in good.items()},
            where,
        )

    def _about_rows(self) -> "Iterator[Metric]":
        rows = {
            (name, kind): count
            for name, one in self._last.items()
            for kind, count in one.rows.items()
        }
        yield _gauge("last_good_sync_rows", "What that sync holds", rows, ("workspace", "kind"))

    def _about_traffic(self) -> "Iterator[Metric]":
        total = _Traffic()
        for one in (self._traffic, *self._live()):
            total.requests += one.requests
            total.retries += one.retries
            total.complaints += one.complaints
            total.waited_s += one.waited_s
        yield _counter("requests", "Requests to Notion", (), {(): total.requests})
        yield _counter("retries", "Requests that were repeated", (), {(): total.retries})
        yield _counter("complaints", "Answers 429 and 529", (), {(): total.complaints})
        yield _counter(
            "limiter_wait_seconds", "Seconds that requests waited here", (), {(): total.waited_s}
        )

    def _live(self) -> Iterator[_Traffic]:
        for client in self._followed:
            live = _Traffic()
            live.add(client.counters, client.pace.waited_s)
            yield live


def _result(ended: Outcome | BaseException) -> str:
    """`complete`, `partial`, or the gRPC code of what ended it."""
    if isinstance(ended, Outcome):
        return "complete" if isinstance(ended.result, Complete) else "partial"
    code = ended.code if isinstance(ended, Error) else Code.INTERNAL
    return code.name.lower()


def _rows(stats: SyncStats | None) -> dict[str, int]:
    if stats is None:
        return {}
    by_type = stats.resources_by_resource_type
    found = {ours: by_type.get(theirs, 0) for theirs, ours in _KINDS.items()}
    return {**found, "grants": stats.grants, "entitlements": stats.entitlements}


_Values = Counter[tuple[str, str]] | dict[tuple[()], int] | dict[tuple[()], float]


def _counter(name: str, words: str, labels: tuple[str, ...], values: _Values) -> "Metric":
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - costly

    family = CounterMetricFamily(f"rolecall_{name}", words, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _gauge(
    name: str,
    words: str,
    values: "dict[tuple[()], bool] | dict[tuple[str], float] | dict[tuple[str, str], int]",
    labels: tuple[str, ...] = (),
) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - costly

    family = GaugeMetricFamily(f"rolecall_{name}", words, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family
