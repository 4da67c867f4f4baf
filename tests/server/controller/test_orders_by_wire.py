"""A decision carried out by our connector on another machine: planned, ordered, and seen."""

from pathlib import Path

from gate_rig import Gate, until
from scenes import Scene
from test_thin_path import Settings

from hosted import hosted
from rolecall.server.access.models import Account, Entitlement
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import Wish


def test_a_grant_and_its_opposite(gate: Gate, scene: Scene, tmp_path: Path):
    """The connector's success is a proof: it has read Notion again; and the simulator agrees."""
    connector = gate.add()
    other = Settings(gate.environ(gate.issue(connector)))
    with hosted(scene.sim, other, tmp_path / "state", "-p") as running:
        sync = until(
            lambda: Task.objects.filter(kind="sync", answer__isnull=False).first(),
            what=f"the sync ({running.said})",
        )
        assert scene.carry_out(sync).state == Task.State.DONE, sync.message
        group = Entitlement.objects.filter(kind="group").order_by("id").first()
        account = (
            Account.objects.exclude(grants__entitlement=group)
            .filter(role__resource__external_id="member")
            .order_by("id")
            .first()
        )
        for operation, there in (("grant", True), ("revoke", False)):
            wish = Wish(operation=operation, account=account.public_id, entitlement=group.public_id)
            decision = deciding.plan(
                scene.admin, connector.app.public_id, [wish], title=operation, now=scene.now()
            )
            order = decision.orders.get()
            assert order.state == Order.State.PLANNED, order.why
            deciding.apply(scene.admin, decision.public_id, now=scene.now())
            ended = until(
                lambda order=order: (
                    Order.objects.filter(pk=order.pk).exclude(state=Order.State.ORDERED).first()
                ),
                what=f"the order ({running.said})",
            )
            assert ended.state == Order.State.VERIFIED, (ended.why, running.said)
            members = next(
                one["members"]
                for one in scene.sim.state()["groups"]
                if one["id"] == group.resource.external_id
            )
            assert (account.external_id in members) is there
        assert running.end() == 0
    assert Connector.objects.get().state == Connector.State.CONNECTED
