"""What a connector on its owner's machine refuses by itself is said before; groups that end."""

from datetime import timedelta

from ordering import Ordering

from rolecall.connector.guard import CAP_PEOPLE
from rolecall.server.access.models import Account
from rolecall.server.connectors.models import Connector, Host
from rolecall.server.orders.elsewhere import Beyond, beyond
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import Wish


def moved(ordering: Ordering, version: str = "rolecall 0.1.0") -> None:
    """As if the connector of this workspace ran on a machine of its owner's."""
    Connector.objects.update(kind="baton")
    now = ordering.now()
    can = {"resource_type_capabilities": [
        {"resource_type": {"id": kind}, "capabilities": ["CAPABILITY_PROVISION",
                                                         "CAPABILITY_RESOURCE_DELETE"]}
        for kind in ("group", "role", "user")
    ]}  # fmt: skip
    Host.objects.create(
        connector=ordering.connector, name="pod", version=version, first_seen_at=now, seen_at=now,
        capabilities={"capabilities": can},
    )  # fmt: skip


def joins(ordering: Ordering, count: int) -> list[Wish]:
    """So many people into one group."""
    group = ordering.group_list()[0]
    members = group.grants.filter(until_at=None).values("account")
    outside = Account.objects.filter(app=ordering.app, present=True).exclude(pk__in=members)
    assert len(outside) >= count
    return [
        Wish(operation="grant", account=one.public_id, entitlement=group.public_id)
        for one in outside[:count]
    ]


def test_a_plan_beyond_the_connectors_own_limit_says_so(ordering: Ordering) -> None:
    """Of our own connector on another machine; a hosted one has the number that was confirmed."""
    wishes = joins(ordering, CAP_PEOPLE + 1)
    plan = ordering.plan(*wishes)
    assert beyond(plan, now=ordering.now()) is None

    moved(ordering)
    told = beyond(plan, now=ordering.now())
    assert told == Beyond(people=CAP_PEOPLE + 1, limit=CAP_PEOPLE)
    few = ordering.plan(*wishes[:CAP_PEOPLE])
    assert beyond(few, now=ordering.now()) is None

    Order.objects.filter(decision=plan).update(state="verified", ordered_at=ordering.now())
    again = beyond(few, now=ordering.now())
    assert again == told, "whoever was changed within the hour counts"
    assert beyond(few, now=ordering.now() + timedelta(hours=2)) is None


def test_the_members_of_a_group_that_ends_count(ordering: Ordering) -> None:
    """Each loses something; who also gets something counts once."""
    group = ordering.group_list()[1]
    members = group.grants.filter(until_at=None).values_list("account__public_id", flat=True)
    wishes = joins(ordering, CAP_PEOPLE)
    people = {*members, *(one.account for one in wishes)}
    assert len(people) > CAP_PEOPLE
    moved(ordering)
    plan = ordering.plan(Wish(operation="delete_group", entitlement=group.public_id), *wishes)
    told = beyond(plan, now=ordering.now())
    assert told == Beyond(people=len(people), limit=CAP_PEOPLE)


def test_a_connector_in_go_has_no_such_limit(ordering: Ordering) -> None:
    """We say nothing of what we do not know."""
    moved(ordering, version="github.com/conductorone/baton-notion v1")
    assert beyond(ordering.plan(*joins(ordering, CAP_PEOPLE + 1)), now=ordering.now()) is None


def test_a_group_does_not_end_while_somebody_is_put_into_it(ordering: Ordering) -> None:
    """Neither by another decision nor by another row of the same; leaving it is no obstacle."""
    (join,) = joins(ordering, 1)
    end = Wish(operation="delete_group", entitlement=join.entitlement)
    both = ordering.plan(join, end)
    first, second = ordering.orders(both)
    assert (first.state, second.state) == ("planned", "refused")
    assert "puts somebody into it" in second.why

    ordering.apply(both)
    (refused,) = ordering.orders(ordering.plan(end))
    assert (refused.state, refused.repeats_id) == ("refused", first.pk)
    assert "is being put into this group" in refused.why

    ordering.work()
    (possible,) = ordering.orders(ordering.plan(end))
    assert possible.state == "planned"
