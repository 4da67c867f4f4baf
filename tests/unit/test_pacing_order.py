"""Changes go before pages, and nobody is forgotten."""

import asyncio

from rolecall.notion.pacing import Pace, PaceLimits


def test_an_urgent_request_overtakes_those_that_wait():
    """With many pages waiting for their turn, a change is next."""
    order: list[str] = []

    async def ask(pace: Pace, name: str, *, urgent: bool) -> None:
        await pace.turn(urgent=urgent)
        order.append(name)

    async def main() -> None:
        pace = Pace(PaceLimits(start=200, ceiling=200))
        pages = [asyncio.ensure_future(ask(pace, f"page {n}", urgent=False)) for n in range(6)]
        await asyncio.sleep(0)
        change = asyncio.ensure_future(ask(pace, "change", urgent=True))
        await asyncio.gather(change, *pages)

    asyncio.run(main())

    assert order.index("change") <= 2
    assert sorted(order) == sorted(["change", *(f"page {n}" for n in range(6))])


def test_a_cancelled_request_does_not_hold_up_the_others():
    """Whoever gives up while waiting leaves the turn to the next."""
    order: list[int] = []

    async def ask(pace: Pace, number: int) -> None:
        await pace.turn()
        order.append(number)

    async def main() -> None:
        pace = Pace(PaceLimits(start=100, ceiling=100))
        waiting = [asyncio.ensure_future(ask(pace, n)) for n in range(5)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        waiting[3].cancel()
        await asyncio.wait(waiting, timeout=5)

    asyncio.run(main())

    assert order == [0, 2, 4]
