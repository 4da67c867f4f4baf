"""Which jobs are refused before Notion is asked anything, and when two jobs are the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from rolecall.connector.job import Access, Job, Travel, check
from rolecall.connector.targets import Target
from rolecall.errors import BadConfig

SCIM = Access(url="https://a.example", token="s" * 20)
REST = Access(url="https://b.example", token="r" * 20)


def a_job(scim: Access | None = SCIM, rest: Access | None = None) -> Job:
    """Everything, by these doors."""
    return Job(target=Path("x.c1z"), scim=scim, rest=rest)


@pytest.mark.parametrize(
    "job",
    [
        a_job(),
        a_job(rest=REST),
        a_job(None, REST),
        replace(a_job(rest=REST), include_bots=True),
        replace(a_job(None, REST), include_bots=True),
        replace(a_job(), wanted=frozenset({"group"})),
        replace(a_job(), targets=(Target(type="user", id="u"),)),
        replace(a_job(None, REST), wanted=frozenset({"user"})),
    ],
)
def test_what_can_work(job: Job):
    """Nothing is refused that could be done."""
    check(job)


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (a_job(None), "no credential"),
        (replace(a_job(), include_bots=True), "API key"),
        (replace(a_job(None, REST), targets=(Target(type="user", id="u"),)), "accounts"),
        (replace(a_job(None, REST), wanted=frozenset({"role"})), "accounts"),
    ],
)
def test_what_cannot_work(job: Job, told: str):
    """The reason is told before anything is asked."""
    with pytest.raises(BadConfig, match=told):
        check(job)


def test_the_fingerprint_follows_what_decides_the_content():
    """Doors, tokens, types, targets, bots: each changes it; the target's name does not."""
    job = a_job(rest=REST)
    others = [
        replace(job, scim=replace(SCIM, token="o" * 20)),
        replace(job, rest=replace(REST, token="o" * 20)),
        replace(job, scim=replace(SCIM, url="https://c.example")),
        replace(job, scim=None),
        replace(job, wanted=frozenset({"user"})),
        replace(job, targets=(Target(type="user", id="u"),)),
        replace(job, include_bots=True),
    ]

    assert len({one.fingerprint for one in [job, *others]}) == 1 + len(others)
    assert replace(job, target=Path("y"), keep=None).fingerprint == job.fingerprint
    assert SCIM.token not in job.fingerprint + repr(job)


def test_a_given_rate_replaces_the_adaptive_one():
    """0 is no limit, a number is fixed, None adapts."""
    assert Travel().pace(3, 10).ceiling == 10
    assert Travel(requests_per_second=0).pace(3, 10).start == 0
    assert Travel(requests_per_second=7).pace(3, 10) == Travel(requests_per_second=7).pace(1, 2)
