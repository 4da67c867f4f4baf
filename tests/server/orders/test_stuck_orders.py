"""Which orders wait for somebody: told on the home page, listed, and gone once dealt with."""

from datetime import timedelta

import pytest
from cast import NOW, Role, a_user, acting, log_in

from rolecall.server import needs
from rolecall.server.access.models import App
from rolecall.server.orders.models import Decision, ManualStep, Order
from rolecall.server.orders.stuck import Waits, wanted

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
State = Order.State


@pytest.fixture
def decision() -> Decision:
    """What the orders belong to."""
    app = App.objects.create(name="Larkspur", created_at=NOW)
    return Decision.objects.create(
        app=app, title="A change", decided_by="Ada", authority="super_administrator",
        state="applied", created_at=NOW,
    )  # fmt: skip


def an_order(decision: Decision, state: State, **facts: object) -> Order:
    """One that was ordered two days ago."""
    two_days = NOW - 2 * DAY
    usual = {
        "operation": "create_group", "wish": {"name": "Sales"}, "created_at": two_days,
        "ordered_at": two_days, "applied_at": two_days, "effect": f"group {Order.objects.count()}",
    }  # fmt: skip
    return Order.objects.create(
        decision=decision, app=decision.app, state=state, **{**usual, **facts}
    )


def waiting(what: Waits) -> list[Order]:
    """Those that wait for it now."""
    return list(Order.objects.filter(wanted(what, now=NOW)))


def test_what_was_not_done_waits_until_it_is_ordered_again_or_declined(decision):
    """Planned again is not enough; after a month it is history."""
    failed = an_order(decision, State.FAILED)
    as_before = an_order(decision, State.STILL_PRESENT)
    declined = an_order(decision, State.FAILED)
    ManualStep.objects.create(order=declined, state="cannot", created_at=NOW)
    an_order(decision, State.FAILED, ordered_at=NOW - 31 * DAY)
    an_order(decision, State.REFUSED, ordered_at=None)
    an_order(decision, State.PLANNED, effect=failed.effect, ordered_at=None)
    assert waiting(Waits.FAILED) == [failed, as_before]

    an_order(decision, State.VERIFIED, effect=failed.effect)

    assert waiting(Waits.FAILED) == [as_before]


def test_a_lost_answer_waits_unless_it_is_about_to_be_looked_up(decision):
    """One that is to be carried again by itself needs nobody."""
    lost = an_order(decision, State.UNKNOWN)
    an_order(decision, State.UNKNOWN, retry_at=NOW)

    assert waiting(Waits.LOST) == [lost]


def test_what_no_sync_has_shown_for_a_day_waits(decision):
    """Not what was done just now, and not a guest, whom nothing shows."""
    old = an_order(decision, State.APPLIED)
    an_order(decision, State.APPLIED, applied_at=NOW - DAY / 2)
    an_order(decision, State.APPLIED, operation="remove_account", wish={"email": "g@x.example"})

    assert waiting(Waits.UNVERIFIED) == [old]


def test_home_tells_of_each_with_a_verb_that_leads_to_its_rows(decision):
    """To whoever may do something about it, and to nobody else; the list shows exactly those."""
    orders = {
        "failed": an_order(decision, State.FAILED),
        "lost": an_order(decision, State.UNKNOWN),
        "unverified": an_order(decision, State.APPLIED),
    }
    ada, auditor = (a_user(f"{role}@larkspur.example", role) for role in (Role.SUPER, Role.AUDITOR))
    assert needs.needs_of(acting(auditor), now=NOW) == []

    told = {one.kind: one for one in needs.needs_of(acting(ada), now=NOW)}

    assert {kind: one.number for kind, one in told.items()} == dict.fromkeys(orders, 1)
    browser = log_in(ada)
    for kind, order in orders.items():
        page = browser.get(told[kind].address).content.decode()
        assert [one.public_id in page for one in orders.values()] == [
            one == order for one in orders.values()
        ]
    file = b"".join(browser.get("/orders/?as=csv").streaming_content).decode()
    assert file.count("A change") == len(orders)
