"""What somebody undid outside: found once, told once, restored or accepted."""

import pytest
from ordering import Ordering

from rolecall.errors import Conflict, Invalid
from rolecall.server.access import feed
from rolecall.server.access.models import Account, Change, Grant, Reason
from rolecall.server.mail.models import Message
from rolecall.server.orders import drifting, origin
from rolecall.server.orders.models import Drift, Order
from rolecall.server.orders.origin import Origin
from rolecall.server.orders.wishes import Wish

_OPEN = Drift.State.OPEN


def _promoted(ordering: Ordering) -> Account:
    account = ordering.account("member")
    role = ordering.role("membership_admin")
    (order,) = ordering.order(
        Wish(operation="grant", account=account.public_id, entitlement=role.public_id)
    )
    assert order.state == Order.State.VERIFIED, order.why
    return account


def _mails() -> int:
    return Message.objects.filter(event__startswith="drift:").count()


def test_drift_is_found_told_once_and_restored(ordering: Ordering) -> None:
    """The restoration is a plan like any other, and ends the drift."""
    account = _promoted(ordering)
    ordering.settle()
    ordering.sim.set_role(account.external_id, "member")
    ordering.reconnect()

    ordering.sync(ordering.connector)
    ordering.sync(ordering.connector)
    drift = Drift.objects.get()
    assert (drift.state, _mails()) == (_OPEN, 1)
    assert drift.found["role"] == "Member"
    decision = drifting.restore(ordering.admin, drift.public_id, reason="Ours", now=ordering.now())
    with pytest.raises(Conflict):
        drifting.accept(ordering.admin, drift.public_id, reason="Theirs", now=ordering.now())
    ordering.apply(decision)
    ordering.work()

    assert ordering.role_in_notion(account) == "membership_admin"
    ordering.settle()


def test_drift_is_accepted_and_never_told_again(ordering: Ordering) -> None:
    """The reason that we had for it ends."""
    account = _promoted(ordering)
    ordering.sim.set_role(account.external_id, "owner")
    ordering.reconnect()
    ordering.sync(ordering.connector)
    drift = Drift.objects.get()
    with pytest.raises(Invalid):
        drifting.accept(ordering.admin, drift.public_id, reason=" ", now=ordering.now())

    drifting.accept(ordering.admin, drift.public_id, reason="They lead now", now=ordering.now())
    ordering.sync(ordering.connector)

    assert Drift.objects.get().state == Drift.State.ACCEPTED
    assert not Reason.objects.filter(account=account, ended_at=None).exists()
    assert _mails() == 1


def test_drift_that_goes_away_is_over_by_itself(ordering: Ordering) -> None:
    """Somebody put it right outside."""
    account = _promoted(ordering)
    for role, state in (("member", _OPEN), ("membership_admin", Drift.State.GONE)):
        ordering.sim.set_role(account.external_id, role)
        ordering.reconnect()
        ordering.sync(ordering.connector)
        assert Drift.objects.get().state == state


def test_what_we_undo_ourselves_is_no_drift(ordering: Ordering) -> None:
    """Our last word counts, also where an account or a group goes."""
    account = _promoted(ordering)
    group = ordering.group(without=account)
    join = Wish(operation="grant", account=account.public_id, entitlement=group.public_id)
    ordering.order(join)
    ordering.order(Wish(operation="remove_account", account=account.public_id))
    ordering.order(Wish(operation="delete_group", entitlement=group.public_id))

    ordering.settle()

    assert not Drift.objects.exists()
    assert Order.objects.filter(current=True).count() == 2


def test_each_access_says_where_it_comes_from(ordering: Ordering) -> None:
    """Ours, before us, or outside."""
    account = _promoted(ordering)
    outside = ordering.restricted()
    sync = ordering.app.syncs.first()
    grants = Grant.objects.filter(until_at=None, entitlement__kind="role")
    found = origin.of_grants(list(grants))

    def of(one: Account) -> Origin:
        return found[grants.get(account=one).pk]

    assert of(account) == Origin.OURS
    assert of(outside) == Origin.OUTSIDE
    assert of(ordering.account("owner")) == Origin.BEFORE
    (told,) = Change.objects.filter(sync=None)
    assert feed.sentence(told) == f"{account} went from Member to Membership Admin."
    assert origin.of_changes([told]) == {told.pk: Origin.OURS}
    changes = list(Change.objects.filter(sync=sync))
    assert set(origin.of_changes(changes).values()) == {Origin.OUTSIDE}
