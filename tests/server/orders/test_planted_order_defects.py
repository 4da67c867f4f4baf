"""The judges of these tests notice what they are there for: defects, planted one at a time."""

from collections.abc import Callable
from typing import Any

import pytest
from ordering import Ordering
from test_random_orders import Company

from rolecall.server.access import observing
from rolecall.server.access.models import Grant
from rolecall.server.connectors import changing
from rolecall.server.connectors.models import Task
from rolecall.server.orders import carrying
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import Wish


def _ordered(ordering: Ordering) -> tuple[Company, Task]:
    company = Company(ordering, seed=1)
    account = ordering.account("member")
    role = ordering.role("membership_admin")
    ordering.apply(
        ordering.plan(
            Wish(operation="grant", account=account.public_id, entitlement=role.public_id)
        )
    )
    return company, Task.objects.get(trigger="order")


def _believe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every end is called a success."""
    monkeypatch.setattr(carrying, "_failed", carrying._succeeded)


def _give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was lost is called a failure."""
    monkeypatch.setattr(carrying, "_UNSURE", frozenset())


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen is not written down."""
    monkeypatch.setattr(observing, "held", lambda *_, **__: None)


def _speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is reported as a success."""
    write = changing.write_success

    def instead(request: Any, _: object) -> None:
        write(request, changing.Finished())

    monkeypatch.setattr(changing, "write_error", instead)


@pytest.mark.parametrize(
    ("defect", "faults", "says"),
    [
        (_believe, [{"fault": "token_revoked"}], "not so"),
        (_speak, [{"fault": "token_revoked"}], "not so"),
        (
            _give_up,
            [
                {"fault": "reset_after", "when": {"method": "PATCH"}},
                {"fault": "503", "times": 0, "when": {"after": 2}},
            ],
            "done, and called failed",
        ),
    ],
)
def test_a_wrong_end_is_noticed(
    ordering: Ordering,
    monkeypatch: pytest.MonkeyPatch,
    *,
    defect: Callable[[pytest.MonkeyPatch], None],
    faults: list[dict[str, Any]],
    says: str,
) -> None:
    """Verified that is not so, failed that is."""
    company, task = _ordered(ordering)
    defect(monkeypatch)
    ordering.sim.clear_requests()
    ordering.sim.set_faults(faults)

    with pytest.raises(AssertionError, match=says):
        company.carry(task)


def test_what_was_not_written_down_is_noticed(
    ordering: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next sync has something to tell."""
    company, task = _ordered(ordering)
    _forget(monkeypatch)
    company.carry(task)

    with pytest.raises(AssertionError, match="should have written down"):
        ordering.settle()


def test_an_effect_that_happens_twice_is_noticed(ordering: Ordering) -> None:
    """Also if it was undone in between."""
    company, task = _ordered(ordering)
    company.carry(task)
    order = Order.objects.get()
    account = order.account
    assert account is not None
    ordering.sim.set_role(account.external_id, "member")
    Order.objects.update(state=Order.State.ORDERED)
    Task.objects.filter(pk=task.pk).update(state=Task.State.QUEUED)
    assert Grant.objects.filter(account=account, until_at=None).exists()

    with pytest.raises(AssertionError, match="done twice"):
        company.carry(task)
