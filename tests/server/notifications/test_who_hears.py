"""Whom each kind of event reaches: owners first, somebody always, nobody twice."""

from datetime import timedelta

import pytest
from cast import NOW, Role, a_user, acting, scoped

from rolecall.server.access import settings as app_settings
from rolecall.server.access.models import Account, App, Entitlement, Resource, Sync
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.telling import tell as tell_of_connector
from rolecall.server.mail.models import Message
from rolecall.server.notifications import choosing
from rolecall.server.notifications.kinds import How, Kind
from rolecall.server.notifications.models import Notice
from rolecall.server.orders import manual, waiting
from rolecall.server.orders.models import Decision, Order
from rolecall.server.policies.models import RolePolicy
from rolecall.server.policies.telling import tell_of_broken

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(ada) -> App:
    """A workspace that one sync has shown."""
    del ada
    app = App.objects.create(name="Larkspur", created_at=NOW)
    app.last_sync = Sync.objects.create(
        app=app, number=1, baton_id="s", started_at=NOW, ended_at=NOW, applied_at=NOW,
        completeness="full", complete_types=["user", "group", "role"],
    )  # fmt: skip
    app.save()
    return app


@pytest.fixture
def olga(app):
    """Its owner."""
    return scoped(a_user("olga@larkspur.example"), Role.APP_OWNER, app.public_id)


def decided(app: App, *, state: str = "planned", age: timedelta) -> Decision:
    """A plan that was made so long ago."""
    return Decision.objects.create(
        app=app, title="Remove Pia", decided_by="Ada", authority="super_administrator",
        state=state, created_at=NOW - age,
    )  # fmt: skip


def held(app: App, role: Entitlement, number: int) -> None:
    """One more holder of a role."""
    account = Account.objects.create(
        app=app, external_id=f"u{number}", name=f"P{number}", role=role, first_seen_at=NOW,
        last_changed_at=NOW,
    )  # fmt: skip
    at = NOW + timedelta(hours=number)
    account.grants.create(entitlement=role, from_at=at, observed_at=at, first_sync=app.last_sync)
    role.holders += 1
    role.save()


def told() -> list[tuple[str, str]]:
    """Kind and address of every notice, in order."""
    return list(Notice.objects.order_by("id").values_list("kind", "user__email"))


def test_a_connector_always_has_somebody_who_hears(ada, app, olga):
    """Its owner, else the app's, else the administrators; who wants nothing is passed over."""
    connector = Connector.objects.create(app=app, name="Notion", created_at=NOW)
    cora = scoped(a_user("cora@larkspur.example"), Role.CONNECTOR_OWNER, connector.public_id)
    for number, muted in enumerate((None, cora, olga)):
        if muted:
            choosing.choose(acting(muted), {Kind.FAILING: How.NONE}, hour=8, zone="UTC", now=NOW)
        tell_of_connector(
            connector, Kind.FAILING, f"connector:failing:{number}", subject="It fails",
            text="Three times.", now=NOW,
        )  # fmt: skip

    assert [email for _kind, email in told()] == [cora.email, olga.email, ada.email]


def test_a_plan_that_waits_a_day_is_told_once_and_daily(app, olga):
    """Not what is new, applied, or so old that somebody was told long ago."""
    old = decided(app, age=timedelta(hours=25))
    decided(app, age=timedelta(hours=23))
    decided(app, age=timedelta(hours=25), state="applied")
    decided(app, age=timedelta(days=31))

    assert waiting.tell_of_plans(NOW) == 1
    assert waiting.tell_of_plans(NOW + timedelta(minutes=30)) == 0
    notice = Notice.objects.get()
    assert (notice.user, notice.how, notice.link) == (
        olga, How.DIGEST, f"/decisions/{old.public_id}"
    )  # fmt: skip
    assert not Message.objects.exists()


def test_a_step_by_hand_is_told_with_what_to_do(app, olga):
    """The mail has the steps, so that whoever reads it can begin."""
    order = Order.objects.create(
        decision=decided(app, age=timedelta(0), state="applied"), app=app,
        operation="remove_account", wish={"email": "guest@else.example"}, effect="account guest",
        state="ordered", created_at=NOW,
    )  # fmt: skip
    step = manual.hand_over(order, now=NOW)

    mail = Message.objects.get()
    assert mail.recipient == olga.email
    assert mail.link == f"/by-hand/{step.public_id}"
    assert "2. Open Guests.\n3. Find guest@else.example, and remove them." in mail.text


def test_a_broken_policy_is_told_once_for_each_change(app, olga):
    """Two owners are one too many; a third is news again, looking twice is not."""
    resource = Resource.objects.create(app=app, kind="role", external_id="owner", name="Owner")
    role = Entitlement.objects.create(
        app=app, resource=resource, kind="role", external_id="role:owner", name="Owner",
        slug="assigned",
    )  # fmt: skip
    RolePolicy.objects.create(role="owner", at_most=1, changed_at=NOW, changed_by="Ada")
    held(app, role, 1)
    assert tell_of_broken(NOW) == 0
    held(app, role, 2)
    assert [tell_of_broken(NOW), tell_of_broken(NOW)] == [1, 0]
    held(app, role, 3)
    assert tell_of_broken(NOW) == 1

    mails = list(Message.objects.order_by("id"))
    assert [one.recipient for one in mails] == [olga.email] * 2
    assert "2 hold the role workspace owner in Larkspur: more than 1." in mails[0].text


def test_new_app_owners_are_told_and_nobody_else(ada, app, olga):
    """Not who owned it before, and not who appointed themselves."""
    bo = a_user("bo@larkspur.example")
    wanted = [one.public_id for one in (ada, olga, bo)]
    app_settings.set_owners(acting(ada), app.public_id, wanted, now=NOW)

    assert told() == [(Kind.OWNER, bo.email)]
    assert Message.objects.get().subject == "Ada made you an owner of the app Larkspur"
