"""Whose a manual step is: taken, given, given back; and who hears of it."""

import pytest
from cast import NOW, Role, a_user, acting, log_in, scoped

from rolecall.errors import Conflict, Invalid, NotAllowed
from rolecall.server.access.models import App
from rolecall.server.audit.models import Event
from rolecall.server.mail.models import Message
from rolecall.server.orders import manual
from rolecall.server.orders.models import Decision, ManualStep, Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    """A super administrator."""
    return a_user("ada@larkspur.example", Role.SUPER)


@pytest.fixture
def app(ada) -> App:
    """A workspace."""
    del ada
    return App.objects.create(name="Larkspur", created_at=NOW)


@pytest.fixture
def olga(app):
    """Its owner."""
    return scoped(a_user("olga@larkspur.example"), Role.APP_OWNER, app.public_id)


@pytest.fixture
def step(app, olga) -> ManualStep:
    """Something that only a person can do."""
    del olga
    decision = Decision.objects.create(
        app=app, title="Remove a guest", decided_by="Ada", authority="super_administrator",
        state="applied", created_at=NOW,
    )  # fmt: skip
    order = Order.objects.create(
        decision=decision, app=app, operation="remove_account", wish={"email": "guest@x.example"},
        effect="guest guest@x.example", by_hand=True, created_at=NOW, ordered_at=NOW,
    )  # fmt: skip
    return manual.hand_over(order, now=NOW)


def test_whoever_is_given_a_step_hears_of_it_and_whoever_takes_one_knows(app, ada, olga, step):
    """Nobody has it at first; given it is told, with what to do; taken it is not."""
    assert step.given_to is None
    assert [one.email for one in manual.takers(app)] == sorted([ada.email, olga.email])
    Message.objects.all().delete()

    manual.give(acting(ada), step.public_id, to=olga.public_id, now=NOW)
    (mail,) = Message.objects.all()
    manual.give(acting(ada), step.public_id, to=ada.public_id, now=NOW)
    with pytest.raises(Conflict):
        manual.give(acting(olga), step.public_id, to=ada.public_id, now=NOW)
    manual.give(acting(olga), step.public_id, to="", now=NOW)

    step.refresh_from_db()
    assert (step.given_to, step.given_at) == (None, None)
    assert mail.recipient == olga.email
    assert mail.link == f"/by-hand/{step.public_id}"
    assert "guest@x.example" in mail.text
    assert Message.objects.count() == 1
    given = Event.objects.filter(action="order:manual:give").order_by("id")
    assert [one.detail["to"] for one in given] == [olga.email, ada.email, ""]


def test_a_step_is_given_to_nobody_who_may_not_do_it(app, ada, olga, step):
    """Neither an auditor nor an owner of something else; and they give none."""
    auditor = a_user("audit@larkspur.example", Role.AUDITOR)
    elsewhere = scoped(a_user("else@larkspur.example"), Role.APP_OWNER, "app_other")

    for one in (auditor, elsewhere):
        with pytest.raises(Invalid):
            manual.give(acting(ada), step.public_id, to=one.public_id, now=NOW)
        with pytest.raises(NotAllowed):
            manual.give(acting(one), step.public_id, to=one.public_id, now=NOW)
    manual.give(acting(ada), step.public_id, to=olga.public_id, now=NOW)
    olga.roles.update(until_at=NOW)

    with pytest.raises(NotAllowed):
        manual.done(acting(olga), step.public_id, proof="Done", now=NOW)
    manual.done(acting(ada), step.public_id, proof="Done", now=NOW)
    with pytest.raises(Conflict):
        manual.give(acting(ada), step.public_id, to=ada.public_id, now=NOW)
    assert manual.takers(app) == [ada]


def test_take_it_is_one_click_and_the_list_shows_mine(ada, olga, step):
    """The page has the button; the list says whose each is, and narrows to one's own."""
    address = f"/by-hand/{step.public_id}"
    browser = log_in(ada)
    page = browser.get(address).content.decode()
    assert "Take it" in page
    assert f'<option value="{olga.public_id}">' in page
    assert address not in browser.get("/by-hand/?whose=mine").content.decode()

    browser.post(f"{address}/give", {"to": ada.public_id})

    page = browser.get(address).content.decode()
    assert "Take it" not in page
    assert "Give it back" in page
    assert address in browser.get("/by-hand/?whose=mine").content.decode()
    assert address not in browser.get("/by-hand/?whose=nobody").content.decode()
    assert address not in log_in(olga).get("/by-hand/?whose=mine").content.decode()
    table = browser.get("/by-hand/?as=csv")
    assert str(ada) in b"".join(table.streaming_content).decode()
