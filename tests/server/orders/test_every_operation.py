"""Every operation, through a hosted connector, so that the next sync has nothing to add."""

from ordering import Ordering

from rolecall.server.access.models import Account, Entitlement, Reason
from rolecall.server.orders import undoing
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import Wish

_VERIFIED = Order.State.VERIFIED


def _one(ordering: Ordering, wish: Wish) -> Order:
    """Order one thing, and insist that it is verified."""
    (order,) = ordering.order(wish)
    assert order.state == _VERIFIED, (order.why, order.error)
    return order


def _undo(ordering: Ordering, order: Order) -> list[Order]:
    """Undo an order, all the way."""
    decision = undoing.undo(ordering.admin, order.public_id, reason="No", now=ordering.now())
    ordering.apply(decision)
    ordering.work()
    found = ordering.orders(decision)
    assert [one.state for one in found] == [_VERIFIED] * len(found), [one.why for one in found]
    return found


def test_a_role_is_given_and_goes_back(ordering: Ordering) -> None:
    """The undo of a new role is the former one."""
    account = ordering.account("member")
    wish = Wish(
        operation="grant",
        account=account.public_id,
        entitlement=ordering.role("membership_admin").public_id,
    )

    order = _one(ordering, wish)
    assert ordering.role_in_notion(account) == "membership_admin"
    ordering.settle()
    _undo(ordering, order)

    assert ordering.role_in_notion(account) == "member"
    ordering.settle()
    assert not Reason.objects.filter(account=account, ended_at=None).exists()


def test_a_role_that_ends_leaves_the_highest_lower_one_that_has_a_reason(
    ordering: Ordering,
) -> None:
    """Without a reason and a former role it is restricted member; with one it is that."""
    account, other = list(Account.objects.filter(role=ordering.role("member")).order_by("id")[:2])
    Reason.objects.create(
        kind="hand", account=other, entitlement=ordering.role("member"), decided_by="Ada",
        from_at=ordering.now(),
    )  # fmt: skip
    admin = ordering.role("membership_admin")
    for one in (account, other):
        _one(ordering, Wish(operation="grant", account=one.public_id, entitlement=admin.public_id))
    member = ordering.role("member")

    _one(ordering, Wish(operation="revoke", account=other.public_id, entitlement=admin.public_id))
    assert ordering.role_in_notion(other) == "member"
    ordering.settle()
    _one(ordering, Wish(operation="revoke", account=other.public_id, entitlement=member.public_id))

    assert ordering.role_in_notion(other) == "restricted_member"
    ordering.settle()


def test_a_membership_ends_and_comes_back(ordering: Ordering) -> None:
    """Revoke and undo."""
    group = ordering.group()
    account = Account.objects.filter(
        grants__entitlement=group, grants__until_at=None, present=True
    ).first()
    assert account is not None
    wish = Wish(operation="revoke", account=account.public_id, entitlement=group.public_id)

    order = _one(ordering, wish)
    assert account.external_id not in ordering.members_in_notion(group)
    ordering.settle()
    _undo(ordering, order)

    assert account.external_id in ordering.members_in_notion(group)
    ordering.settle()


def test_an_account_is_made_with_its_groups_and_removed_again(ordering: Ordering) -> None:
    """The groups follow once the account is there; the undo removes the account."""
    group = ordering.group()
    wish = Wish(
        operation="create_account",
        values={
            "email": "Nova@larkspur.example",
            "first_name": "Nova",
            "last_name": "Ek",
            "role": "membership_admin",
            "groups": group.public_id,
        },
    )

    (order, follower) = ordering.order(wish)

    assert (order.state, follower.state) == (_VERIFIED, _VERIFIED), (order.why, follower.why)
    assert follower.after_id == order.pk
    account = order.account
    assert account is not None
    assert ordering.role_in_notion(account) == "membership_admin"
    assert account.external_id in ordering.members_in_notion(group)
    assert Reason.objects.filter(account=account).count() == 2  # the role, and the group
    ordering.settle()
    _undo(ordering, order)
    assert ordering.role_in_notion(account) is None
    ordering.settle()


def test_an_account_is_removed_and_comes_back_with_role_and_groups(ordering: Ordering) -> None:
    """The undo of a removal invites anew, with what was there before."""
    account = Account.objects.filter(
        app=ordering.app, role=ordering.role("member"), groups__gt=1
    ).first()
    assert account is not None
    before = ordering.notion()
    held = {gid for gid, found in before["members"].items() if account.external_id in found}

    order = _one(ordering, Wish(operation="remove_account", account=account.public_id))
    assert ordering.role_in_notion(account) is None
    ordering.settle()
    made, *followers = _undo(ordering, order)

    assert len(followers) == len(held)
    again = made.account
    assert again is not None
    assert ordering.role_in_notion(again) == "member"
    now = ordering.notion()["members"]
    assert {gid for gid, found in now.items() if again.external_id in found} == held
    ordering.settle()


def test_a_profile_is_changed_and_changed_back(ordering: Ordering) -> None:
    """Names and job title."""
    account = ordering.account()
    wish = Wish(
        operation="update_account",
        account=account.public_id,
        values={"title": "Archivist", "first_name": "Zoe", "last_name": "Quill"},
    )

    order = _one(ordering, wish)
    shown = ordering.sim.world.accounts[account.external_id]

    assert shown.title == "Archivist"
    assert (shown.given, shown.family) == ("Zoe", "Quill")
    assert order.verified_at is not None


def test_a_group_begins_gets_another_name_and_ends(ordering: Ordering) -> None:
    """And the undo of its end makes it anew, with its members."""
    order = _one(ordering, Wish(operation="create_group", values={"name": "Night shift"}))
    group = order.entitlement
    assert group is not None
    ordering.settle()
    account = ordering.account()
    _one(ordering, Wish(operation="grant", account=account.public_id, entitlement=group.public_id))
    rename = Wish(
        operation="rename_group", entitlement=group.public_id, values={"name": "Day shift"}
    )
    _one(ordering, rename)
    ordering.settle()
    assert Entitlement.objects.get(pk=group.pk).name == "Day shift"

    gone = _one(ordering, Wish(operation="delete_group", entitlement=group.public_id))
    ordering.settle()
    made, *followers = _undo(ordering, gone)

    assert made.entitlement is not None
    assert len(followers) == 1
    assert ordering.members_in_notion(made.entitlement) == {account.external_id}
    ordering.settle()
