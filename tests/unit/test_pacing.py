"""How fast `notion.pacing` lets requests pass; time is made up."""

import asyncio

import fast_clock
import pytest

from rolecall.notion.pacing import QUIET_S, SAME_S, SLOWEST, Pace, PaceLimits


async def passing(pace: Pace, count: int, *, workers: int = 1) -> float:
    """Seconds that so many requests take."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    left = list(range(count))

    async def one() -> None:
        while left:
            left.pop()
            await pace.turn()

    await asyncio.gather(*(one() for _ in range(workers)))
    return clock() - begun


@pytest.mark.parametrize("workers", [1, 8])
def test_a_fixed_rate_holds_for_all_workers_together(workers: int):
    """40 requests at 4 a second take 10 seconds, however many workers ask."""
    pace = Pace(PaceLimits(start=4, ceiling=4))

    taken = fast_clock.run(passing(pace, 40, workers=workers))

    assert 9.5 <= taken <= 10.1


def test_no_limit_is_no_wait():
    """0 switches the limiter off, also for praise and blame."""

    async def story(pace: Pace) -> float:
        pace.content()
        pace.complained(None)
        return await passing(pace, 1000)

    pace = Pace(PaceLimits(start=0, ceiling=0))

    assert fast_clock.run(story(pace)) == 0
    assert (pace.rate, pace.waited_s) == (0, 0)


def test_nobody_complaining_we_get_faster_up_to_the_ceiling():
    """One request a second more for each quiet time, and never above the ceiling."""

    async def story(pace: Pace) -> list[float]:
        rates = []
        for _ in range(5):
            pace.content()
            await asyncio.sleep(QUIET_S)
            pace.content()
            rates.append(pace.rate)
        return rates

    assert fast_clock.run(story(Pace(PaceLimits(start=3, ceiling=5.5)))) == [4, 5, 5.5, 5.5, 5.5]


def test_a_complaint_halves_the_rate_but_never_to_nothing():
    """Again and again halved, it stays at the slowest."""

    async def story(pace: Pace) -> list[float]:
        rates = []
        for _ in range(5):
            pace.complained(None)
            rates.append(pace.rate)
            await asyncio.sleep(SAME_S)
        return rates

    assert fast_clock.run(story(Pace(PaceLimits(start=8, ceiling=10)))) == [4, 2, 1, 0.5, SLOWEST]


def test_complaints_that_come_together_count_once():
    """Eight workers that were all refused at once do not halve the rate eight times."""

    async def story(pace: Pace) -> float:
        for _ in range(8):
            pace.complained(None)
        return pace.rate

    assert fast_clock.run(story(Pace(PaceLimits(start=8, ceiling=10)))) == 4


def test_a_fixed_rate_is_not_changed_by_complaints():
    """What a person fixed stays fixed; only the named time is waited for."""

    async def story(pace: Pace) -> float:
        pace.complained(7)
        return await passing(pace, 1)

    pace = Pace(PaceLimits(start=50, ceiling=50))

    assert fast_clock.run(story(pace)) == pytest.approx(7)
    assert pace.rate == 50


def test_one_complaint_holds_everybody_and_the_longest_counts():
    """Every worker waits for the time named to any of them, also who is waiting already."""

    async def story(pace: Pace) -> list[float]:
        clock = asyncio.get_running_loop().time
        begun, passed = clock(), list[float]()

        async def worker() -> None:
            await pace.turn()
            passed.append(clock() - begun)

        pace.complained(10)
        workers = [asyncio.create_task(worker()) for _ in range(4)]
        await asyncio.sleep(5)
        pace.complained(20)
        pace.complained(1)
        await asyncio.gather(*workers)
        return passed

    passed = fast_clock.run(story(Pace(PaceLimits(start=0, ceiling=0))))

    assert passed == [pytest.approx(25)] * 4


def test_the_time_waited_is_counted():
    """The summary can say how long we waited for our turn."""
    pace = Pace(PaceLimits(start=2, ceiling=2))

    taken = fast_clock.run(passing(pace, 5))

    assert pace.waited_s == pytest.approx(taken)
