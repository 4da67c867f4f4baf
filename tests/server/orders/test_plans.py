"""What a plan says before anything is done, what it refuses, and what somebody may do with it."""

from datetime import timedelta

import pytest
from ordering import Ordering
from scenes import actions, person

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.access.models import Account, Reason
from rolecall.server.connectors.models import Secret, Task
from rolecall.server.orders import deciding, manual
from rolecall.server.orders.models import Decision, ManualStep, Order
from rolecall.server.orders.wishes import Wish

_State = Order.State


def _members(ordering: Ordering, count: int) -> list[Account]:
    found = list(Account.objects.filter(role=ordering.role("member")).order_by("id")[:count])
    assert len(found) == count
    return found


def _join(account: Account, group: object) -> Wish:
    return Wish(
        operation="grant",
        account=account.public_id,
        entitlement=group.public_id,  # type: ignore[attr-defined]
    )


def test_a_plan_says_from_what_to_what_and_changes_nothing(ordering: Ordering) -> None:
    """Rows with before, meaning and way back; one audit row; no task."""
    restricted = ordering.restricted()
    (account,) = _members(ordering, 1)
    decision = ordering.plan(
        Wish(operation="remove_account", account=account.public_id),
        Wish(
            operation="grant",
            account=restricted.public_id,
            entitlement=ordering.role("owner").public_id,
        ),
    )
    removal, promotion = ordering.orders(decision)

    assert removal.before["role"] == "member"
    assert len(removal.before["groups"]) == account.groups
    assert removal.undo == Order.Undo.EQUIVALENTLY
    assert any("seat" in line for line in removal.meaning)
    assert promotion.meaning[0] == "From Restricted Member to Owner."
    assert promotion.undo == Order.Undo.EXACTLY
    assert not Task.objects.filter(trigger="order").exists()
    assert actions()[-1] == "decision:plan"
    assert decision.authority == "super_administrator"


def test_what_is_so_already_is_refused(ordering: Ordering) -> None:
    """With the reason, row by row; the other rows are planned."""
    restricted = ordering.restricted()
    account, other = _members(ordering, 2)
    group = ordering.group(without=account)
    decision = ordering.plan(
        Wish(
            operation="grant",
            account=account.public_id,
            entitlement=ordering.role("member").public_id,
        ),
        Wish(operation="revoke", account=account.public_id, entitlement=group.public_id),
        Wish(operation="create_account", values={"email": other.email.upper()}),
        Wish(operation="create_group", values={"name": group.name.upper()}),
        Wish(operation="rename_group", entitlement=group.public_id, values={"name": group.name}),
        Wish(operation="update_account", account=account.public_id, values={"shoe": "42"}),
        Wish(
            operation="revoke",
            account=restricted.public_id,
            entitlement=ordering.role("restricted_member").public_id,
        ),
        Wish(operation="remove_account", account="acc_nobody"),
        _join(account, group),
    )
    *refused, planned = ordering.orders(decision)

    assert [one.state for one in refused] == [_State.REFUSED] * len(refused)
    assert [one.error for one in refused] == [
        "Conflict", "Conflict", "Conflict", "Conflict", "Conflict", "Invalid", "NotAllowed", "Gone",
    ]  # fmt: skip
    assert all(one.why for one in refused)
    assert planned.state == _State.PLANNED


def test_a_repeat_is_refused_with_a_link_to_what_is_on_its_way(ordering: Ordering) -> None:
    """The same once more, the contrary of it, and whatever the end of an account takes away."""
    account, other = _members(ordering, 2)
    group = ordering.group(without=account)
    join = _join(account, group)
    first = ordering.plan(join, join)
    (live, doubled) = ordering.orders(first)
    assert doubled.state == _State.REFUSED
    ordering.apply(first)
    leave = ordering.plan(Wish(operation="remove_account", account=other.public_id))
    ordering.apply(leave)

    third = ordering.plan(
        Wish(operation="delete_group", entitlement=ordering.group(having=account).public_id),
        Wish(
            operation="revoke",
            account=account.public_id,
            entitlement=ordering.group(having=account).public_id,
        ),
    )
    assert [row.state for row in ordering.orders(third)] == [_State.PLANNED, _State.REFUSED]
    again, promotion = ordering.orders(
        ordering.plan(join, _join(other, ordering.role("membership_admin")))
    )

    assert again.repeats_id == live.pk
    assert "on its way already" in again.why
    assert promotion.repeats_id == ordering.orders(leave)[0].pk
    assert Task.objects.filter(trigger="order").count() == 2


def test_the_last_owner_and_the_owner_of_the_token_are_handed_to_a_person(
    ordering: Ordering,
) -> None:
    """Also if both owners are in one plan; what is applied is a step with instructions."""
    owners = list(Account.objects.filter(role=ordering.role("owner")).order_by("id"))
    Secret.objects.filter(state="current").update(made_by=owners[-1].email.upper())
    decision = ordering.plan(
        *(Wish(operation="remove_account", account=one.public_id) for one in owners)
    )
    rows = ordering.orders(decision)

    assert "token" in rows[-1].why
    assert [one.by_hand for one in rows[:-1]] == [False] * (len(owners) - 1)
    Secret.objects.update(made_by="")
    rows = ordering.orders(
        ordering.plan(*(Wish(operation="remove_account", account=one.public_id) for one in owners))
    )
    assert [one.by_hand for one in rows] == [False] * (len(owners) - 1) + [True]
    assert "last workspace owner" in rows[-1].why
    applied = ordering.apply(decision, only=[ordering.orders(decision)[-1].public_id])
    assert applied[-1].state == _State.HANDED
    step = ManualStep.objects.get(order=applied[-1])
    assert any(str(owners[-1]) in line for line in step.instructions)


def test_what_the_connector_cannot_do_becomes_a_step_that_the_next_sync_verifies(
    ordering: Ordering,
) -> None:
    """Guests, and everything if there is only an API key; with proof, and verified where seen."""
    account, other = _members(ordering, 2)
    group = ordering.group(without=account)
    Secret.objects.filter(slot="scim_token").update(slot="api_key")
    decision = ordering.plan(
        _join(account, group),
        Wish(operation="remove_account", values={"email": "guest@outside.example"}),
        _join(other, ordering.role("membership_admin")),
    )
    assert all(one.by_hand for one in ordering.orders(decision))
    joined, guest, promoted = ordering.apply(decision)
    steps = {one.order_id: one for one in ManualStep.objects.all()}
    Secret.objects.update(slot="scim_token")

    assert group.resource is not None
    ordering.sim.add_to_group(group.resource.external_id, account.external_id)
    manual.done(
        ordering.admin, steps[guest.pk].public_id, proof="Screenshot 12", now=ordering.now()
    )
    manual.cannot(
        ordering.admin, steps[promoted.pk].public_id, reason="They declined.", now=ordering.now()
    )
    with pytest.raises(Conflict):
        manual.done(ordering.admin, steps[guest.pk].public_id, proof="Again", now=ordering.now())
    ordering.sync(ordering.connector)
    joined, guest, promoted = ordering.orders(decision)

    assert (joined.state, guest.state, promoted.state) == (
        _State.VERIFIED, _State.APPLIED, _State.FAILED,
    )  # fmt: skip
    assert joined.verified_by is not None
    assert ManualStep.objects.get(order=joined).proof.startswith("Seen by sync")


def test_many_changes_need_the_number_said(ordering: Ordering) -> None:
    """More than half of the accounts, counted over the hour."""
    everybody = list(Account.objects.filter(app=ordering.app, present=True).order_by("id"))
    half = len(everybody) // 2
    wishes = [
        _join(one, ordering.group(without=one)) for one in everybody if one.groups < 6
    ]  # fmt: skip
    first, rest = wishes[: half - 1], wishes[half - 1 :]
    small = ordering.plan(*first)
    assert deciding.agreement(small, now=ordering.now()) == 0
    ordering.apply(small)
    large = ordering.plan(*rest)
    needed = deciding.agreement(large, now=ordering.now())

    assert needed == len(wishes)
    for agreed in (0, needed - 1, needed + 1):
        with pytest.raises(Conflict, match=str(needed)):
            ordering.apply(large, agreed=agreed)
    ordering.step += timedelta(hours=2)
    assert deciding.agreement(large, now=ordering.now()) < needed
    assert {one.state for one in ordering.apply(large)} == {_State.ORDERED}


def test_rows_are_held_left_out_and_taken_back(ordering: Ordering) -> None:
    """What is held or left out is not applied; what is taken back is, later, by itself."""
    one, two, three = _members(ordering, 3)
    group = ordering.role("membership_admin")
    decision = ordering.plan(_join(one, group), _join(two, group), _join(three, group))
    rows = ordering.orders(decision)
    deciding.hold(ordering.admin, rows[0].public_id, now=ordering.now())
    deciding.exclude(ordering.admin, rows[1].public_id, now=ordering.now())
    with pytest.raises(Conflict):
        deciding.hold(ordering.admin, rows[1].public_id, now=ordering.now())

    states = [one.state for one in ordering.apply(decision)]
    assert states == [_State.HELD, _State.EXCLUDED, _State.ORDERED]
    with pytest.raises(Conflict, match="Nothing is left"):
        ordering.apply(decision)
    deciding.include(ordering.admin, rows[0].public_id, now=ordering.now())
    states = [one.state for one in ordering.apply(decision)]
    ordering.work()

    assert states == [_State.ORDERED, _State.EXCLUDED, _State.ORDERED]
    assert [one.state for one in ordering.orders(decision)] == [
        _State.VERIFIED, _State.EXCLUDED, _State.VERIFIED,
    ]  # fmt: skip


def test_what_changed_since_the_plan_is_planned_anew(ordering: Ordering) -> None:
    """A row that has become true meanwhile is refused when it is applied."""
    one, two = _members(ordering, 2)
    group = ordering.group(without=one)
    decision = ordering.plan(
        _join(one, group), Wish(operation="remove_account", account=two.public_id)
    )
    assert group.resource is not None
    ordering.sim.add_to_group(group.resource.external_id, one.external_id)
    ordering.sync(ordering.connector)

    joined, removed = ordering.apply(decision)

    assert (joined.state, removed.state) == (_State.REFUSED, _State.ORDERED)
    assert "already" in joined.why


def test_a_cancelled_decision_stays_undone(ordering: Ordering) -> None:
    """Before it is applied, and afterwards as far as no connector has begun; so do its reasons."""
    one, two = _members(ordering, 2)
    group = ordering.role("membership_admin")
    planned, applied = ordering.plan(_join(one, group)), ordering.plan(_join(two, group))
    ordering.apply(applied)
    for decision in (planned, applied):
        deciding.cancel(ordering.admin, decision.public_id, now=ordering.now())
        with pytest.raises(Conflict):
            deciding.cancel(ordering.admin, decision.public_id, now=ordering.now())
    ordering.work()
    planned.refresh_from_db()

    assert planned.state == Decision.State.CANCELLED
    assert [row.state for row in Order.objects.all()] == [_State.CANCELLED] * 2
    assert ordering.role_in_notion(two) == "member"
    assert not Reason.objects.filter(ended_at=None).exists()
    planned.orders.update(state=_State.PLANNED)  # its own word counts, whatever its rows say
    with pytest.raises(Conflict, match="cancelled"):
        ordering.apply(planned)


def test_who_may_decide(ordering: Ordering) -> None:
    """The owner of the app may; of another app, an auditor and a connector's owner may not."""
    (account,) = _members(ordering, 1)
    wish = _join(account, ordering.role("membership_admin"))
    owner = person("Olga", "app_owner", scope=ordering.app.public_id)
    stranger = person("Sten", "app_owner", scope="app_other")
    auditor = person("Aude", "auditor")
    now = ordering.now()
    decision = deciding.plan(owner, ordering.app.public_id, [wish], title="Promote", now=now)

    for actor in (stranger, auditor):
        with pytest.raises(NotAllowed):
            deciding.plan(actor, ordering.app.public_id, [wish], title="Promote", now=now)
        with pytest.raises(NotAllowed):
            deciding.apply(actor, decision.public_id, now=now)
        with pytest.raises(NotAllowed):
            deciding.cancel(actor, decision.public_id, now=now)
    assert decision.authority == "app_owner"
    with pytest.raises(NotAllowed):  # who may do it here only is not told what else there is
        deciding.plan(owner, "app_nothing", [wish], title="Promote", now=now)
    with pytest.raises(Gone):
        deciding.plan(ordering.admin, "app_nothing", [wish], title="Promote", now=now)
    for wishes, title in (([], "Nothing"), ([wish], "  "), ([Wish(operation="bless")], "Odd")):
        with pytest.raises(Invalid):
            deciding.plan(owner, ordering.app.public_id, wishes, title=title, now=now)
