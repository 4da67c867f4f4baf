"""Numbers for Prometheus: right, readable, and silent about secrets."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families

from rolecall.baton.c1z.envelope import Packed
from rolecall.baton.c1z.syncs import SyncRun, SyncStats
from rolecall.baton.engine import Complete, Partial
from rolecall.connector.job import Outcome
from rolecall.connector.metrics import CONTENT_TYPE, Metrics
from rolecall.errors import BadToken, Code, RateLimited
from rolecall.notion.client import Client, Connection, Counters

LABELS = ("workspace", "kind", "way", "result", "code")
"""In the order of the keys that `read` makes."""

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        """Read it."""
        return self.at


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and label values, without our prefix."""
    return {
        (
            sample.name.removeprefix("rolecall_"),
            *(sample.labels[label] for label in LABELS if label in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def outcome(*, missing: tuple[str, ...] | None = None, requests: int = 3) -> Outcome:
    """A sync that ended well, or with something missing."""
    run = SyncRun(
        sync_id="s1",
        started_at=NOON,
        sync_type="full" if missing is None else "partial",
        stats=SyncStats(grants=9, resources_by_resource_type={"user": 4, "group": 2}),
    )
    packed = Packed(decompressed_bytes=1, compressed_bytes=1)
    return Outcome(
        result=Complete(run=run, packed=packed)
        if missing is None
        else Partial(run=run, packed=packed, missing=missing),
        counters=Counters(requests=requests, retries=1, complaints=2),
        waited_s=0.5,
    )


def a_client() -> Client:
    """A client that has asked nothing yet."""
    nowhere = Connection(base_url="http://localhost:1", token="")
    return Client(nowhere, clock=Clock(), user_agent="x")


def test_a_good_sync():
    """Rows, duration, end and age of the last good sync, and what it asked of Notion."""
    clock = Clock()
    metrics = Metrics(now=clock)
    metrics.sync_ended(outcome(), 12.5)
    clock.at += timedelta(minutes=5)

    found = read(metrics)

    assert found["syncs_total", "", "complete"] == 1
    assert found["last_sync_duration_seconds", ""] == 12.5
    assert found["last_sync_end_timestamp_seconds", ""] == NOON.timestamp()
    assert found["last_good_sync_age_seconds", ""] == 300
    assert found["last_good_sync_rows", "", "accounts"] == 4
    assert found["last_good_sync_rows", "", "grants"] == 9
    assert found["requests_total",] == 3
    assert found["retries_total",] == 1
    assert found["complaints_total",] == 2
    assert found["limiter_wait_seconds_total",] == 0.5


def test_a_failed_sync_does_not_look_fresh():
    """A failure moves the end and its code's counter; the good sync stays as old as it is."""
    clock = Clock()
    metrics = Metrics(now=clock)
    metrics.sync_ended(outcome(), 1)
    clock.at += timedelta(hours=1)
    metrics.sync_ended(BadToken("no"), 2)
    metrics.sync_ended(RateLimited("slow"), 2)
    metrics.sync_ended(ValueError("a defect"), 2)

    found = read(metrics)

    assert found["last_good_sync_age_seconds", ""] == 3600
    assert found["last_sync_end_timestamp_seconds", ""] == clock.at.timestamp()
    assert found["syncs_total", "", "unauthenticated"] == 1
    assert found["syncs_total", "", "unavailable"] == 1
    assert found["syncs_total", "", "internal"] == 1
    assert found["last_good_sync_rows", "", "accounts"] == 4


def test_workspaces_are_apart():
    """Each workspace has its own numbers, and a partial sync is not called complete."""
    metrics = Metrics(now=Clock())
    metrics.sync_ended(outcome(), 1, workspace="Studio")
    metrics.sync_ended(outcome(missing=("one",)), 2, workspace='La"bs\n')

    found = read(metrics)

    assert found["syncs_total", "Studio", "complete"] == 1
    assert found["syncs_total", 'La"bs\n', "partial"] == 1
    assert found["last_sync_duration_seconds", "Studio"] == 1


def test_before_anything_happened():
    """Nothing is claimed: no age, no rows, no connection."""
    found = read(Metrics(now=Clock()))

    assert {name for name, *_ in found} == {
        "requests_total",
        "retries_total",
        "complaints_total",
        "limiter_wait_seconds_total",
    }
    assert set(found.values()) == {0}


def test_tasks_and_connection():
    """Tasks are counted by kind and code, and the connection is 0 or 1 once somebody said."""
    metrics = Metrics(now=Clock())
    metrics.task_ended("grant", Code.OK)
    metrics.task_ended("grant", Code.OK)
    metrics.task_ended("sync_full", Code.FAILED_PRECONDITION)
    metrics.connected(heard=False)

    found = read(metrics)

    assert found["tasks_total", "grant", "ok"] == 2
    assert found["tasks_total", "sync_full", "failed_precondition"] == 1
    assert found["connected",] == 0


def test_notices():
    """Notices that were told and that were not are counted apart."""
    metrics = Metrics(now=Clock())
    metrics.notice_ended("webhook", told=True)
    metrics.notice_ended("command", told=False)

    found = read(metrics)

    assert found["notices_total", "webhook", "told"] == 1
    assert found["notices_total", "command", "failed"] == 1


def test_a_followed_client_is_counted_once():
    """Its requests show while it works, and the sync that used it does not add them again."""
    client = a_client()
    metrics = Metrics(now=Clock())
    done = outcome()
    with metrics.following(client):
        client.counters.requests = 5
        during = read(metrics)["requests_total",]
        metrics.sync_ended(Outcome(result=done.result, counters=client.counters, waited_s=0.0), 1)
    after = read(metrics)["requests_total",]

    assert (during, after) == (5, 5)


def test_counters_never_fall():
    """A client that is no longer followed leaves its requests behind."""
    metrics = Metrics(now=Clock())
    seen = []
    for _ in range(3):
        client = a_client()
        with metrics.following(client):
            client.counters.requests = 2
            seen.append(read(metrics)["requests_total",])
    seen.append(read(metrics)["requests_total",])

    assert seen == [2, 4, 6, 6]


def test_prometheus_client_says_the_same_content_type():
    """What we announce is what the library writes."""
    assert CONTENT_TYPE == CONTENT_TYPE_LATEST


def test_importing_costs_nothing():
    """The library is loaded when somebody reads, so that a plain sync does not pay for it."""
    text = Path(Metrics.__module__.replace(".", "/")).with_suffix(".py")
    source = (Path(__file__).parents[2] / "src" / text).read_text(encoding="utf-8")
    head = source.split("@dataclass")[0].split("if TYPE_CHECKING")[0]

    assert "prometheus_client" not in head
