"""What one person holds everywhere: whose an account is, and was; and who may see which apps."""

import pytest
from access_app import HOUR, NOON
from cast import Role, a_user, acting, scoped

from rolecall.server.access import accounts
from rolecall.server.access.holdings import MOST, holdings
from rolecall.server.access.models import Account, App, Entitlement, Grant
from rolecall.server.people.persons import Draft, add

LATER = NOON + 5 * HOUR
NOW = NOON + 10 * HOUR

pytestmark = pytest.mark.usefixtures("three")


@pytest.fixture
def ada(db):  # noqa: ARG001 - there must be a database
    """May do everything."""
    return acting(a_user("ada@acme.example", Role.SUPER))


@pytest.fixture
def bo(ada, app):  # noqa: ARG001 - the account is there
    """Whose account b is, as somebody said five hours after noon."""
    person = add(ada, Draft(name="Bo"), now=LATER)
    account = Account.objects.get(external_id="b")
    accounts.set_person(ada, account.public_id, person.public_id, now=LATER)
    return person


def told(found) -> list[tuple[str, str, list[str], list[str], str]]:
    """App, account, roles, groups and match of everything held."""
    return [
        (
            place.app.name, one.account.external_id,
            [grant.entitlement.name for grant in one.roles],
            [grant.entitlement.name for grant in one.groups], one.matched,
        )
        for place in found.places
        for one in place.accounts
    ]  # fmt: skip


def test_now_and_as_of_moments(ada, bo):
    """By hand: two roles one after the other, a group that was left, an account that ended."""
    at = {hours: holdings(ada, bo, NOON + hours * HOUR) for hours in (0.5, 1.5, 2.5, 6)}

    assert told(at[0.5]) == [("Acme", "b", ["Member"], ["Group g"], "later")]
    assert told(at[1.5]) == [("Acme", "b", ["Owner"], [], "later")]
    assert told(at[2.5]) == told(at[6]) == []
    (place,) = at[6].places
    assert [one.external_id for one in place.ended] == ["b"]
    assert place.sync.number == 3
    before = holdings(ada, bo, NOON - HOUR)
    assert told(before) == []
    assert before.places[0].sync is None


def test_an_account_that_was_theirs_once(ada, bo):
    """It is shown for the time when it was theirs, and says so; not for now."""
    other = add(ada, Draft(name="Cy"), now=LATER)
    account = Account.objects.get(external_id="c")
    accounts.set_person(ada, account.public_id, bo.public_id, now=LATER)
    accounts.set_person(ada, account.public_id, other.public_id, now=LATER + HOUR)

    assert [(row[1], row[4]) for row in told(holdings(ada, bo, LATER + HOUR / 2))] == [
        ("c", "before")
    ]  # fmt: skip
    assert told(holdings(ada, bo, LATER + 2 * HOUR)) == []
    assert [row[4] for row in told(holdings(ada, other, LATER + 2 * HOUR))] == ["now"]


def test_apps_that_hold_nothing_are_named(ada, bo):
    """Managed apps without an account of theirs were looked at; unmanaged ones hold nothing."""
    App.objects.create(name="Brook", created_at=NOON)
    App.objects.create(name="Unknown", state="unmanaged", created_at=NOON)
    found = holdings(ada, bo, NOW)

    assert [place.app.name for place in found.elsewhere] == ["Brook"]


def test_owners_see_their_own_apps(bo):
    """Whoever owns another app is told nothing of this one."""
    other = App.objects.create(name="Brook", created_at=NOON)
    owner = acting(scoped(a_user("el@acme.example"), Role.APP_OWNER, other.public_id))
    found = holdings(owner, bo, NOON + HOUR / 2)

    assert told(found) == []
    assert [place.app.name for place in (*found.places, *found.elsewhere)] == ["Brook"]


def test_a_page_has_an_end(ada, bo, app):
    """So many groups that no page shows them all: it says that there are more."""
    account = Account.objects.get(external_id="b")
    made = Entitlement.objects.bulk_create(
        Entitlement(app=app, kind="group", external_id=f"x{n}", name=f"X{n}", slug="member")
        for n in range(MOST)
    )
    Grant.objects.bulk_create(
        Grant(account=account, entitlement=one, from_at=NOON, observed_at=NOON) for one in made
    )
    found = holdings(ada, bo, NOON + HOUR / 2)

    assert found.more
    assert len(found.places[0].accounts[0].roles) == 1
    assert sum(len(one.roles) + len(one.groups) for one in found.places[0].accounts) == MOST
