"""How orders end when not all goes well: refusals, silence, lost answers, other connectors."""

from datetime import timedelta

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships no types
from ordering import Ordering

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Conflict
from rolecall.server.access.models import Account, Grant
from rolecall.server.connectors import tasks
from rolecall.server.connectors.finishing import finish_for
from rolecall.server.connectors.models import Client, Connector, Host, Task
from rolecall.server.orders import carrying, deciding
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.wishes import Wish

_State = Order.State
_GO = {
    "capabilities": {
        "resource_type_capabilities": [
            {
                "resource_type": {"id": one},
                "capabilities": [
                    "CAPABILITY_PROVISION",
                    "CAPABILITY_ACCOUNT_PROVISIONING",
                    "CAPABILITY_RESOURCE_DELETE",
                    "CAPABILITY_RESOURCE_CREATE",
                ],
            }
            for one in ("user", "role", "group")
        ]
    }
}


def _applied(ordering: Ordering, wish: Wish) -> Decision:
    decision = ordering.plan(wish)
    ordering.apply(decision)
    return decision


def _only(ordering: Ordering, decision: Decision) -> Order:
    (order,) = ordering.orders(decision)
    return order


def _promotion(ordering: Ordering) -> tuple[Account, Wish]:
    account = ordering.account("member")
    role = ordering.role("membership_admin")
    return account, Wish(operation="grant", account=account.public_id, entitlement=role.public_id)


def test_what_notion_refuses_fails_with_the_cause_and_can_be_tried_again(
    ordering: Ordering,
) -> None:
    """The order says why; a retry is a new task of the same order."""
    account, wish = _promotion(ordering)
    decision = _applied(ordering, wish)
    ordering.sim.revoke_tokens()
    ordering.work()
    order = _only(ordering, decision)
    assert order.state == _State.FAILED
    assert order.why
    assert ordering.role_in_notion(account) == "member"

    ordering.reconnect()
    deciding.retry(ordering.admin, order.public_id, now=ordering.now())
    with pytest.raises(Conflict):
        deciding.retry(ordering.admin, order.public_id, now=ordering.now())
    ordering.work()

    order = _only(ordering, decision)
    assert (order.state, order.tries) == (_State.VERIFIED, 2)
    assert ordering.role_in_notion(account) == "membership_admin"


def test_an_hour_of_silence_is_waited_out(ordering: Ordering) -> None:
    """While Notion does not answer the order stays ordered; then it is carried out."""
    account, wish = _promotion(ordering)
    decision = _applied(ordering, wish)
    ordering.sim.set_faults([{"fault": "503", "times": 0}])
    for _ in range(4):
        for task in Task.objects.filter(trigger="order", state=Task.State.QUEUED):
            ordering.carry_out(task)
        assert _only(ordering, decision).state == _State.ORDERED
        ordering.step += timedelta(minutes=16)
    ordering.sim.set_faults([])
    ordering.work()

    assert _only(ordering, decision).state == _State.VERIFIED
    assert ordering.role_in_notion(account) == "membership_admin"


def test_a_lost_answer_is_looked_up_and_not_sent_twice(ordering: Ordering) -> None:
    """Notion did it and every later answer is lost: unknown, looked at again, verified."""
    account, wish = _promotion(ordering)
    decision = _applied(ordering, wish)
    ordering.sim.clear_requests()
    ordering.sim.set_faults([
        {"fault": "reset_after", "when": {"method": "PATCH"}},
        {"fault": "503", "times": 0, "when": {"after": 2}},
    ])  # fmt: skip
    ordering.work()
    order = _only(ordering, decision)
    assert order.state == _State.UNKNOWN
    assert ordering.role_in_notion(account) == "membership_admin"
    ordering.sim.set_faults([])
    ordering.step += timedelta(minutes=2)
    carrying.look_again(ordering.now())
    ordering.work()

    assert _only(ordering, decision).state == _State.VERIFIED
    roles = [one for one in ordering.sim.history() if one["kind"] == "role"]
    assert len(roles) == 1
    assert roles[0]["user"] == account.external_id


class Foreign:
    """A connector written by somebody else, which this test plays."""

    def __init__(self, ordering: Ordering) -> None:
        self.ordering = ordering
        self.connector = ordering.connector
        now = ordering.now()
        self.client = Client.objects.create(
            connector=self.connector, client_id="go@localhost/x", public_key={}, made_at=now,
            made_by="Ada",
        )  # fmt: skip
        Host.objects.create(
            connector=self.connector, name="go-host", version="baton-notion v1", capabilities=_GO,
            first_seen_at=now, seen_at=now,
        )  # fmt: skip
        self.kind("baton")

    def kind(self, kind: str) -> None:
        """Who syncs: itself, or for the length of a sync our hosted code."""
        Connector.objects.filter(pk=self.connector.pk).update(kind=kind)

    def say(self, version: str) -> None:
        """Which program it is."""
        Host.objects.filter(connector=self.connector).update(version=version)

    def answer(self, request: api.BatonServiceFinishTaskRequest) -> None:
        """Take the first task there is, and say how it ended."""
        queued = Task.objects.filter(trigger="order", state=Task.State.QUEUED)
        task = queued.earliest("order__id")
        tasks.begin(task, "go@localhost/x go-host", self.ordering.now(), lease_s=3600)
        request.host_id, request.task_id = "go-host", task.pk
        finish_for(self.client, request, self.ordering.now())

    def succeed(self) -> None:
        """Say that it went well."""
        request = api.BatonServiceFinishTaskRequest()
        request.success.SetInParent()
        self.answer(request)

    def fail(self, code: int) -> None:
        """Say that it went wrong, and that no repetition mends it."""
        request = api.BatonServiceFinishTaskRequest(status=Status(code=code, message="no luck"))
        request.error.non_retryable = True
        self.answer(request)

    def sync(self) -> None:
        """A full sync."""
        self.kind("notion")
        task = self.ordering.sync(self.connector)
        assert task.state == Task.State.DONE, task.message
        self.kind("baton")


def test_the_success_of_another_connector_is_believed_when_a_sync_shows_it(
    ordering: Ordering,
) -> None:
    """Applied until then, and nothing is written down before."""
    account, wish = _promotion(ordering)
    foreign = Foreign(ordering)
    decision = _applied(ordering, wish)
    ordering.sim.set_role(account.external_id, "membership_admin")
    foreign.succeed()
    order = _only(ordering, decision)
    assert order.state == _State.APPLIED
    assert Grant.objects.get(account=account, entitlement__kind="role", until_at=None).first_sync

    foreign.sync()

    order = _only(ordering, decision)
    assert order.state == _State.VERIFIED
    assert order.verified_by is not None
    assert order.verified_by.started_at > order.applied_at


def test_a_success_that_no_sync_shows_is_still_as_before(ordering: Ordering) -> None:
    """And becomes verified if a later one does show it."""
    account, wish = _promotion(ordering)
    foreign = Foreign(ordering)
    decision = _applied(ordering, wish)
    foreign.succeed()
    foreign.sync()
    assert _only(ordering, decision).state == _State.STILL_PRESENT
    ordering.sim.set_role(account.external_id, "membership_admin")

    foreign.sync()

    assert _only(ordering, decision).state == _State.VERIFIED


def test_a_sync_that_began_before_an_order_ended_tells_nothing_of_it(ordering: Ordering) -> None:
    """It may have read the one page before, and the other page after."""
    account, wish = _promotion(ordering)
    foreign = Foreign(ordering)
    decision = _applied(ordering, wish)
    foreign.succeed()
    ended = ordering.now() + timedelta(hours=1)  # while the next two syncs were reading
    Order.objects.filter(decision=decision).update(applied_at=ended)
    for shown in ("member", "membership_admin"):
        ordering.sim.set_role(account.external_id, shown)
        foreign.sync()
        assert _only(ordering, decision).state == _State.APPLIED
    Order.objects.filter(decision=decision).update(applied_at=ordering.now())

    foreign.sync()

    assert _only(ordering, decision).state == _State.VERIFIED


@pytest.mark.parametrize("done", [True, False])
def test_an_error_that_says_nothing_is_settled_by_the_next_sync(
    ordering: Ordering, *, done: bool
) -> None:
    """Code 2 of a foreign connector may mean anything."""
    account, wish = _promotion(ordering)
    foreign = Foreign(ordering)
    decision = _applied(ordering, wish)
    if done:
        ordering.sim.set_role(account.external_id, "membership_admin")
    foreign.fail(2)
    assert _only(ordering, decision).state == _State.UNKNOWN
    assert carrying.look_again(ordering.now() + timedelta(days=1)) == 0

    foreign.sync()

    assert _only(ordering, decision).state == (_State.VERIFIED if done else _State.FAILED)


def test_what_was_gone_already_is_a_removal_that_went_well(ordering: Ordering) -> None:
    """NotFound for a removal is what was wanted."""
    account = ordering.account("member")
    foreign = Foreign(ordering)
    decision = _applied(ordering, Wish(operation="remove_account", account=account.public_id))
    ordering.sim.remove_user(account.external_id)
    foreign.fail(5)
    assert _only(ordering, decision).state == _State.APPLIED

    foreign.sync()

    assert _only(ordering, decision).state == _State.VERIFIED


def test_what_a_connector_does_not_offer_is_for_a_person(ordering: Ordering) -> None:
    """Renaming is an action, and this one has none."""
    Foreign(ordering)
    group = ordering.group()
    decision = ordering.plan(
        Wish(operation="rename_group", entitlement=group.public_id, values={"name": "Other"}),
        Wish(operation="delete_group", entitlement=group.public_id),
    )
    renamed, deleted = ordering.orders(decision)

    assert renamed.by_hand
    assert "CAPABILITY_ACTIONS" in renamed.why
    assert deleted.state == _State.REFUSED  # the same group twice in one plan
