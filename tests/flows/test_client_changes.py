"""`notion.client` sends changes once, hangs nobody, and tells what it does not know."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from raw_server import answer, serving

from rolecall.errors import Conflict, Error, Gone, NotAllowed, NotionBroken, RateLimited
from rolecall.notion.changes import set_role
from rolecall.notion.client import Client, Connection, Patience
from rolecall.notion.pacing import PaceLimits
from rolecall.notion.scim import users_page

T = TypeVar("T")
CHANGE = set_role("u1", "owner")


def at(url: str, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    """Do something with a client of little patience."""
    connection = Connection(
        base_url=url,
        token="secret",  # noqa: S106 - opens nothing
        pace=PaceLimits(start=0, ceiling=0),
        patience=Patience(attempts=3, total_s=5, first_wait_s=0.01, longest_wait_s=0.02),
    )

    async def story() -> T:
        async with Client(connection, clock=lambda: datetime.now(UTC), user_agent="t") as client:
            return await work(client)

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "kind", "times"),
    [
        ("500 Broken", NotionBroken, 1),
        ("503 Busy", NotionBroken, 1),
        ("403 No", NotAllowed, 1),
        ("404 No", Gone, 1),
        ("409 No", Conflict, 1),
        ("429 Slow", RateLimited, 3),
        ("529 Slow", RateLimited, 3),
    ],
)
def test_a_change_is_sent_once(status: str, kind: type[Error], times: int):
    """Only what Notion did not look at is sent again."""
    with serving(lambda _: answer(b"{}", status=status)) as server:
        with pytest.raises(kind):
            at(server.url, lambda client: client.send(CHANGE))

        assert [one.line.split()[0] for one in server.asked] == ["PATCH"] * times


def test_a_long_wait_that_a_change_is_told_hangs_nobody():
    """Asked to wait for a day, the change fails, and so does the look after it: both at once."""
    with serving(lambda _: answer(b"{}", status="429 Slow", retry_after="86400")) as server:

        async def both(client: Client) -> list[str]:
            said = []
            for ask in (
                lambda: client.send(CHANGE),
                lambda: client.get(
                    "/Users", lambda body: users_page(body, start=1), asked_for="it"
                ),
            ):
                with pytest.raises(RateLimited) as caught:
                    await ask()
                said.append(caught.value.hint)
            return said

        begun = time.monotonic()
        said = at(server.url, both)

        assert time.monotonic() - begun < 2
        assert all("86" in hint for hint in said)
        assert len(server.asked) == 1
