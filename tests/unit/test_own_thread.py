"""A thread of one's own: the loop stays free, and a cancellation waits for what is under way."""

import asyncio
import threading

import pytest

from rolecall.baton.c1z.thread import OwnThread


def test_the_loop_is_free_meanwhile():
    """What the thread waits for can be done by the loop; and it is not the loop's thread."""
    may_end = threading.Event()

    def work() -> int:
        assert may_end.wait(10)
        return threading.get_ident()

    async def story() -> int:
        thread = OwnThread("t")
        asyncio.get_running_loop().call_later(0.01, may_end.set)
        found = await thread(work)
        thread.end()
        return found

    assert asyncio.run(story()) != threading.get_ident()


def test_one_after_the_other():
    """Many ask at once: in the order of asking, in one thread."""
    done: list[tuple[int, int]] = []

    async def story() -> None:
        thread = OwnThread("t")
        await asyncio.gather(
            *(thread(lambda n=n: done.append((n, threading.get_ident()))) for n in range(50))
        )
        thread.end()

    asyncio.run(story())

    assert [n for n, _ in done] == list(range(50))
    assert len({ident for _, ident in done}) == 1


def test_a_cancellation_waits_for_the_end():
    """Cancelled, even twice: the work ends, the caller has its result, and hears of it next."""
    begun, may_end, said = threading.Event(), threading.Event(), []

    def work() -> str:
        begun.set()
        assert may_end.wait(10)
        return "ended"

    async def caller() -> None:
        said.append(await OwnThread("t")(work))
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            said.append("heard")
            raise

    async def story() -> None:
        task = asyncio.ensure_future(caller())
        await asyncio.to_thread(begun.wait, 10)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        assert said == []
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())

    assert said == ["ended", "heard"]


def test_what_the_work_raises_is_raised():
    """An error comes back as itself."""

    def work() -> None:
        raise LookupError("lost")

    async def story() -> None:
        with pytest.raises(LookupError, match="lost"):
            await OwnThread("t")(work)

    asyncio.run(story())


def test_no_thread_is_left():
    """Ended, the thread is gone; one that was never used was never started."""

    async def story() -> None:
        thread = OwnThread("leftover")
        assert not [one for one in threading.enumerate() if one.name.startswith("leftover")]
        await thread(lambda: None)
        thread.end()

    asyncio.run(story())
    for one in threading.enumerate():
        if one.name.startswith("leftover"):
            one.join(10)

    assert not [one for one in threading.enumerate() if one.name.startswith("leftover")]
