"""A sync that looks like a loss, or like somebody else's workspace, waits for a yes."""

import pytest
from scenes import Scene, actions

from notion_sim import Options, Simulator
from rolecall.errors import Conflict, Gone
from rolecall.server.access.intake.preview import Shift
from rolecall.server.access.models import Account, Grant, Sync
from rolecall.server.connectors.models import Connector, Hold, Task
from rolecall.server.connectors.services import credential
from rolecall.server.connectors.services.add import ExistingApp, add
from rolecall.server.connectors.services.edit import set_shrink_percent
from rolecall.server.connectors.services.holds import confirm, reject, waiting
from rolecall.server.connectors.services.running import sync_now
from rolecall.server.mail.models import Message

State = Connector.State


def present() -> int:
    """Accounts that are there."""
    return Account.objects.filter(present=True).count()


def shrink(scene: Scene, leave: int) -> None:
    """So many people leave the workspace."""
    members = [m["id"] for m in scene.sim.state()["members"] if m["role"] != "owner"]
    for uid in members[:leave]:
        scene.sim.remove_user(uid)


@pytest.fixture
def connector(scene: Scene) -> Connector:
    """Connected."""
    return scene.connected()


@pytest.fixture
def held(scene: Scene, connector: Connector) -> Hold:
    """A sync in which half of the people are missing."""
    shrink(scene, 14)
    task = scene.sync(connector)
    assert task.state == Task.State.HELD, (task.state, task.message)
    return task.hold


def test_a_loss_is_not_applied(scene: Scene, connector: Connector, held: Hold):
    """It says how much would end; owners get one mail; nothing is different."""
    assert held.kind == Hold.Kind.SHRINK
    assert held.task.message.startswith("14 of 24 members")
    assert held.task.message.endswith("would end. Nothing was applied.")
    assert held.facts["accounts"]["removed"] == 14
    assert present() == 24
    assert Sync.objects.count() == 1
    assert scene.state(connector) == State.NEEDS_CONFIRMATION
    assert waiting(connector) == held
    (mail,) = Message.objects.filter(event__startswith="connector:hold")
    assert "14 of 24 members" in mail.text
    assert actions()[-1] == "connector:hold:raise"
    with pytest.raises(Conflict, match="waits for a decision"):
        sync_now(scene.admin, connector.public_id, now=scene.now())


def test_confirm_applies_the_file_that_was_held(scene: Scene, connector: Connector, held: Hold):
    """And not what Notion says by then; Notion is not even asked."""
    scene.sim.add_user("late@larkspur.example")
    scene.sim.clear_requests()
    task = confirm(scene.admin, connector.public_id, held.public_id, now=scene.now())
    assert scene.state(connector) == State.SYNCING
    assert scene.carry_out(task).state == Task.State.DONE

    assert scene.sim.requests() == []
    assert present() == 10
    assert Sync.objects.count() == 2
    assert scene.state(connector) == State.CONNECTED
    held.refresh_from_db()
    assert (held.decision, held.decided_by) == ("confirmed", "Ada")
    for decide in (confirm, reject):
        with pytest.raises(Conflict, match="decided by Ada"):
            decide(scene.admin, connector.public_id, held.public_id, now=scene.now())
    assert scene.sync(connector).state == Task.State.DONE
    assert present() == 11


def test_reject_ends_it(scene: Scene, connector: Connector, held: Hold):
    """Nothing is applied, the label says that something is wrong, the next sync asks again."""
    reject(scene.admin, connector.public_id, held.public_id, now=scene.now(), reason="a mistake")

    assert present() == 24
    assert scene.state(connector) == State.ERROR
    assert "rejected" in connector.trouble
    assert actions()[-1] == "connector:hold:reject"
    assert scene.sync(connector).state == Task.State.HELD


def test_a_confirmed_file_is_still_guarded_against_newer_ones(scene: Scene, held: Hold):
    """Something was applied between the reading and the yes."""
    connector = held.task.connector
    Sync.objects.update(ended_at=scene.now())
    task = confirm(scene.admin, connector.public_id, held.public_id, now=scene.now())
    ended = scene.carry_out(task)

    assert (ended.state, ended.error) == (Task.State.FAILED, "Conflict")
    assert present() == 24


def test_a_hold_is_its_connectors(scene: Scene, held: Hold):
    """Not any other's."""
    other = scene.add(name="Other", app="Other")
    with pytest.raises(Gone):
        confirm(scene.admin, other.public_id, held.public_id, now=scene.now())


def test_groups_that_empty_are_a_loss_too(scene: Scene, connector: Connector):
    """Everybody stays, with their role, and most memberships would end."""
    groups = scene.sim.state()["groups"]
    for group in groups:
        for member in group["members"]:
            scene.sim.remove_from_group(group["id"], member)
    before = Grant.objects.filter(entitlement__kind="group", until_at=None).count()
    task = scene.sync(connector)

    assert before > 0
    assert task.state == Task.State.HELD
    assert task.message == f"{before} of {before} group memberships would end. Nothing was applied."
    assert Grant.objects.filter(entitlement__kind="group", until_at=None).count() == before


def test_the_share_is_a_setting(scene: Scene, connector: Connector):
    """Below it, a sync is applied; at it, it waits."""
    shrink(scene, 6)
    set_shrink_percent(scene.admin, connector.public_id, 25, now=scene.now())
    assert scene.sync(connector).state == Task.State.HELD
    reject(scene.admin, connector.public_id, waiting(connector).public_id, now=scene.now())
    set_shrink_percent(scene.admin, connector.public_id, 75, now=scene.now())
    assert scene.sync(connector).state == Task.State.DONE
    assert present() == 18


def test_exactly_the_share_is_too_much():
    """Half or more, as the documents say; where nothing ends, nothing is too much."""

    def shift(before: int, ended: int) -> Shift:
        return Shift(before=before, added=0, changed=0, ended=ended)

    assert shift(120, 60).shrinks_by(50)
    assert not shift(120, 59).shrinks_by(50)
    assert not shift(0, 0).shrinks_by(50)


def test_another_workspace_after_a_new_token(scene: Scene, connector: Connector, reach):
    """Larger or smaller: nobody of it is known here."""
    with Simulator(Options(users=40, seed=99, domain="other.example")) as other:
        reach(f"127.0.0.1:{scene.sim.port}", f"127.0.0.1:{other.port}")
        scene.point(connector, other)
        scene.give(connector, save=True, scim_token=other.scim_token)
        scene.work()

    assert scene.state(connector) == State.NEEDS_CONFIRMATION
    hold = waiting(connector)
    assert hold.kind == Hold.Kind.OTHER_WORKSPACE
    assert "looks like another workspace" in hold.task.message
    assert present() == 24


def test_taking_over_after_the_overlap_check(scene: Scene, connector: Connector):
    """The former connector goes when the new one's first sync has shown the same workspace."""
    with pytest.raises(Conflict, match="has a connector"):
        scene.add(name="New")
    new = scene.add(name="New", take_over=True)
    with pytest.raises(Conflict, match="already to take over"):
        add(scene.admin, name="Third", owners=[scene.admin.id], now=scene.now(),
            target=ExistingApp(public_id=new.app.public_id, take_over=True))  # fmt: skip
    assert scene.sync(connector).state == Task.State.DONE
    credential.give(
        scene.admin, new.public_id, {"scim_token": scene.sim.scim_token}, save=True,
        now=scene.now(),
    )  # fmt: skip
    scene.work()

    assert scene.state(new) == State.CONNECTED
    assert new.succeeds is None
    assert scene.state(connector) == State.ARCHIVED
    assert not connector.secrets.exclude(sealed=b"").exists()
    assert "connector:take_over" in actions()
