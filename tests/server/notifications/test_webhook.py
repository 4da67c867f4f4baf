"""The webhook: signed, at least once under one id, to allowed hosts only; its secret stays shut."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from cast import Role, a_user, acting
from django.db import connection

from rolecall.errors import BadConfig, Conflict, Invalid, NotAllowed
from rolecall.server.audit.models import Event
from rolecall.server.keys import rotation
from rolecall.server.mail.models import Message
from rolecall.server.notifications import again, webhook
from rolecall.server.notifications.delivering import MAX_ATTEMPTS, deliver_next, forget
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.models import Delivery, Webhook
from rolecall.server.notifications.telling import tell

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WHY = "You get this because you look after it."
State = Delivery.State


@pytest.fixture
def secret(ada, receiver):
    """The secret of a webhook that is told of everything."""
    return webhook.set_up(acting(ada), url=receiver.url, kinds=Kind.values, now=NOW)


def signed(secret: str, taken) -> str:
    """The signature that a receiver computes, by the standard's own words."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    head = f"{taken.headers['webhook-id']}.{taken.headers['webhook-timestamp']}."
    digest = hmac.new(key, head.encode() + taken.body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_an_event_arrives_once_signed_over_time_and_body(ada, receiver, secret, news):
    """With what people are told; the second telling of the same event sends nothing."""
    for _ in range(2):
        tell(news(), [ada], why=WHY, now=NOW)
    assert deliver_next(NOW)
    assert not deliver_next(NOW)

    (taken,) = receiver.taken
    row = Delivery.objects.get()
    assert taken.path == "/hooks/rolecall?token=abc"
    assert taken.headers["webhook-id"] == row.public_id
    assert int(taken.headers["webhook-timestamp"]) == int(NOW.timestamp())
    assert taken.headers["webhook-signature"] == signed(secret, taken)
    assert json.loads(taken.body) == {
        "type": "drift:open",
        "timestamp": NOW.isoformat(),
        "data": {
            "event": "drift:open:1",
            "subject": "Thing 1 Bcc: all@larkspur.example",
            "text": "Somebody undid it.",
            "url": "http://localhost:8010/drift/1",
        },
    }
    assert (row.state, row.sent_at, row.attempts) == (State.SENT, NOW, 1)


def test_only_the_chosen_kinds_go_out(ada, receiver, news):
    """Whether or not any person wants to hear of them."""
    webhook.set_up(acting(ada), url=receiver.url, kinds=[Kind.HELD], now=NOW)
    tell(news(1, Kind.DRIFT), [], why=WHY, now=NOW)
    tell(news(2, Kind.HELD), [], why=WHY, now=NOW)

    assert [one.kind for one in Delivery.objects.all()] == [Kind.HELD]


def test_a_receiver_that_fails_is_asked_again_under_the_same_id(ada, receiver, secret, news):
    """After a minute, two, four; each try has its own time and signature, and one body."""
    tell(news(), [ada], why=WHY, now=NOW)
    receiver.status = 503
    assert not deliver_next(NOW)
    row = Delivery.objects.get()
    assert (row.state, row.due_at) == (State.WAITING, NOW + timedelta(minutes=1))
    assert row.error == "127.0.0.1 answered 503."
    assert not deliver_next(NOW + timedelta(seconds=59))
    receiver.status = 200
    assert deliver_next(NOW + timedelta(minutes=1))

    first, second = receiver.taken
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert second.headers["webhook-signature"] == signed(secret, second)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert Delivery.objects.get().error == ""


def test_nobody_there_is_tried_for_two_days_and_then_by_hand(ada, receiver, secret, news):
    """It fails aloud, and is sent again when somebody says so."""
    del secret
    tell(news(), [ada], why=WHY, now=NOW)
    receiver.status = 500
    now = NOW
    for _ in range(MAX_ATTEMPTS):
        deliver_next(now)
        now = Delivery.objects.get().due_at
    row = Delivery.objects.get()
    assert row.state == State.FAILED
    assert timedelta(days=1) < now - NOW < timedelta(days=3)
    assert not deliver_next(now)

    receiver.status = 200
    assert again.deliver_again(acting(ada), [row.public_id], now=now) == 1
    assert deliver_next(now)
    assert Event.objects.get(action="webhook:again").target_id == row.public_id
    with pytest.raises(Conflict):
        again.deliver_again(acting(ada), [row.public_id], now=now)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("answer", [(302, "redirect"), (410, "no messages any more")])
def test_a_redirect_is_not_followed_and_gone_is_gone(ada, receiver, news, answer):
    """Nothing goes anywhere but to the address that was set."""
    status, told = answer
    tell(news(), [ada], why=WHY, now=NOW)
    receiver.status, receiver.location = status, receiver.url.replace("hooks", "elsewhere")
    deliver_next(NOW)

    row = Delivery.objects.get()
    assert row.state == State.FAILED
    assert told in row.error
    assert [one.path for one in receiver.taken] == ["/hooks/rolecall?token=abc"]


@pytest.mark.usefixtures("secret")
def test_a_host_that_is_no_longer_allowed_gets_nothing(ada, receiver, news, allow):
    """The settings file is asked again right before each message."""
    tell(news(), [ada], why=WHY, now=NOW)
    allow("hooks.larkspur.example")
    deliver_next(NOW)

    assert receiver.taken == []
    assert Delivery.objects.get().state == State.FAILED


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://hooks.larkspur.example.evil.example/x",
        "https://hooks.larkspur.example@evil.example/x",
        "https://user" + ":pass@hooks.larkspur.example/x",
        "http://hooks.larkspur.example/x",
        "https://hooks.larkspur.example:8443/x#part",
        "https://hooks.larkspur.example:99999/x",
        "https://[::1/x",
        "file:///etc/passwd",
        "https://hooks.larkspur.example/x y",
        "https://hooks.larkspur.example/\r\nHost: evil",
        "http://localhost:8010/",
        "",
    ],
)
def test_no_page_makes_us_call_elsewhere(ada, allow, url):
    """Only hosts of the settings file, by https, plainly written."""
    allow("hooks.larkspur.example")
    with pytest.raises(Invalid):
        webhook.set_up(acting(ada), url=url, kinds=[Kind.DRIFT], now=NOW)

    assert webhook.current() is None


def test_the_secret_is_sealed_shown_once_and_new_for_a_new_address(ada, receiver, secret):
    """Neither the database nor the audit log has it, or the path of the address."""
    other = receiver.url.replace("abc", "xyz")
    assert webhook.set_up(acting(ada), url=receiver.url, kinds=[Kind.HELD], now=NOW) == ""
    renewed = webhook.renew_secret(acting(ada), now=NOW)
    moved = webhook.set_up(acting(ada), url=other, kinds=[Kind.HELD], now=NOW)

    assert len({secret, renewed, moved}) == 3
    hook = Webhook.objects.get()
    assert webhook.key_of(hook) == base64.b64decode(moved.removeprefix("whsec_"))
    told = str(list(Event.objects.values_list("detail", flat=True)))
    assert "token=" not in told
    assert not any(one in told for one in (secret, renewed, moved))
    with connection.cursor() as cursor:
        cursor.execute("select sealed from notifications_webhook")
        assert moved.encode() not in bytes(cursor.fetchone()[0])


def test_a_secret_moved_to_another_row_does_not_open(secret):
    """What was sealed for one webhook is bound to it."""
    del secret
    hook = Webhook.objects.get()
    hook.public_id = "whk_another"
    with pytest.raises(BadConfig):
        webhook.key_of(hook)


def test_a_rotation_seals_the_secret_again(secret):
    """It is among what `rolecall keys rotate` seals anew."""
    hook = Webhook.objects.get()
    assert rotation.reseal()["notifications"] == 0
    assert webhook.reseal("another") == 1
    hook.refresh_from_db()

    assert webhook.key_of(hook) == base64.b64decode(secret.removeprefix("whsec_"))


def test_turned_off_it_tells_nothing_and_forgets_the_secret(ada, receiver, secret, news):
    """What waits fails; turning it off twice is refused."""
    del secret
    tell(news(1), [ada], why=WHY, now=NOW)
    webhook.turn_off(acting(ada), now=NOW)
    tell(news(2), [ada], why=WHY, now=NOW)

    assert not deliver_next(NOW)
    assert [(one.state, one.error) for one in Delivery.objects.all()] == [
        (State.FAILED, "The webhook was turned off.")
    ]
    assert bytes(Webhook.objects.get().sealed) == b""
    assert receiver.taken == []
    with pytest.raises(Conflict):
        webhook.turn_off(acting(ada), now=NOW)


def test_trying_it_sends_a_message_of_its_own_type(ada, receiver, secret):
    """And nobody gets a mail of it."""
    del secret
    webhook.try_it(acting(ada), now=NOW)
    deliver_next(NOW)

    assert json.loads(receiver.taken[0].body)["type"] == "webhook:trial"
    assert not Message.objects.exists()


def test_what_happened_stands_or_falls_with_its_message(ada, receiver, secret, news):
    """A transaction that is rolled back tells nobody."""
    from django.db import transaction  # noqa: PLC0415 - beside what it is for

    del secret, receiver
    with transaction.atomic():
        tell(news(), [ada], why=WHY, now=NOW)
        transaction.set_rollback(True)

    assert not Delivery.objects.exists()
    assert not Message.objects.exists()


def test_messages_of_long_ago_are_dropped_but_none_that_waits(ada, receiver, secret, news):
    """After three months."""
    del secret
    tell(news(1), [ada], why=WHY, now=NOW)
    deliver_next(NOW)
    receiver.status = 500
    tell(news(2), [ada], why=WHY, now=NOW)

    assert forget(NOW + timedelta(days=89)) == 0
    assert forget(NOW + timedelta(days=91)) == 1
    assert Delivery.objects.get().event == "drift:open:2"


def test_mail_that_failed_is_sent_again(ada):
    """By a super administrator; what was sent is not."""
    rows = [
        Message.objects.create(
            event=state, recipient="b@x.org", subject="S", text="T", state=state, attempts=8,
            created_at=NOW,
        )
        for state in (Message.State.FAILED, Message.State.SENT)
    ]  # fmt: skip
    ids = [one.public_id for one in rows]
    with pytest.raises(NotAllowed):
        again.mail_again(acting(a_user("c@x.org", Role.AUDITOR)), ids, now=NOW)
    assert again.mail_again(acting(ada), ids, now=NOW) == 1

    assert [one.state for one in Message.objects.order_by("id")] == ["waiting", "sent"]
    with pytest.raises(Conflict):
        again.mail_again(acting(ada), ids, now=NOW)
    with pytest.raises(Invalid):
        again.mail_again(acting(ada), [], now=NOW)
