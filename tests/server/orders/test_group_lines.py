"""Lines of the feed about groups: by us, whoever carried it, or from outside."""

from ordering import Ordering

from rolecall.server.access import feed
from rolecall.server.access.models import Change, Entitlement, Sync
from rolecall.server.orders import origin
from rolecall.server.orders.models import Order
from rolecall.server.orders.origin import Origin
from rolecall.server.orders.wishes import Wish


def _told(**about: object) -> dict[str, Origin]:
    """Sentences about groups themselves, and whose they are."""
    lines = list(Change.objects.filter(account=None, **about).select_related("entitlement"))
    found = origin.of_changes(lines)
    return {feed.sentence(one): found[one.pk] for one in lines}


def test_groups_of_ours_are_marked_so_and_others_are_outside(ordering: Ordering) -> None:
    """Created, renamed and deleted by us; then the same by somebody else, as a sync shows it."""
    ordering.order(Wish(operation="create_group", values={"name": "Ours"}))
    group = Entitlement.objects.get(name="Ours")
    named = {"entitlement": group.public_id}
    ordering.order(Wish(operation="rename_group", values={"name": "Still ours"}, **named))
    ordering.order(Wish(operation="delete_group", **named))
    ordering.settle()

    assert _told() == {
        "The group Ours was created.": Origin.OURS,
        "The group Ours is now called Still ours.": Origin.OURS,
        "The group Still ours was deleted.": Origin.OURS,
    }

    other = ordering.group_list()[0]
    assert other.resource is not None
    ordering.sim.world.rename_group(other.resource.external_id, "Theirs")
    gone = ordering.sim.add_group("Theirs for a while")
    ordering.sync(ordering.connector)
    ordering.sim.remove_group(gone)
    ordering.sync(ordering.connector)

    assert _told(sync__isnull=False) == {
        f"The group {other.name} is now called Theirs.": Origin.OUTSIDE,
        "The group Theirs for a while was created.": Origin.OUTSIDE,
        "The group Theirs for a while was deleted.": Origin.OUTSIDE,
    }


def test_what_a_sync_shows_of_an_order_is_ours(ordering: Ordering) -> None:
    """A connector that does not read again deleted a group: it and its memberships went by us."""
    (order,) = ordering.orders(
        ordering.plan(Wish(operation="delete_group", entitlement=_peopled(ordering).public_id))
    )
    group = order.entitlement
    assert group is not None
    assert group.resource is not None
    members = ordering.members_in_notion(group)
    order.state, order.applied_at = Order.State.APPLIED, ordering.now()
    order.save()
    ordering.sim.remove_group(group.resource.external_id)
    ordering.sync(ordering.connector)

    order.refresh_from_db()
    assert (order.state, order.verified_by) == (Order.State.VERIFIED, Sync.objects.first())
    lines = list(Change.objects.filter(entitlement=group))
    assert len(lines) == len(members) + 1 > 1
    assert set(origin.of_changes(lines).values()) == {Origin.OURS}


def _peopled(ordering: Ordering) -> Entitlement:
    return ordering.group(having=ordering.account("member", groups__gt=0))
