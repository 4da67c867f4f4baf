"""What Notion can do to a sync, and what people hear of it."""

from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from scenes import Scene, actions, person

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.access.models import Account, Sync
from rolecall.server.connectors import due
from rolecall.server.connectors.health import token_health
from rolecall.server.connectors.models import Connector, Secret, Task
from rolecall.server.connectors.schedule import Schedule
from rolecall.server.connectors.services import credential
from rolecall.server.connectors.services.delete import delete
from rolecall.server.connectors.services.edit import rename, set_schedule
from rolecall.server.connectors.services.running import pause, resume, sync_now
from rolecall.server.keys import rotation
from rolecall.server.mail.models import Message

State = Connector.State


@pytest.fixture
def connector(scene: Scene) -> Connector:
    """Connected."""
    return scene.connected()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", "RateLimited"),
        ("500", "NotionBroken"),
        ("502_html", "NotionBroken"),
        ("403_html", "NotAllowed"),
        ("reset_before", "Unreachable"),
        ("truncated_json", "NotionBroken"),
        ("cut_body", "Unreachable"),
        ("token_revoked", "BadToken"),
    ],
)
def test_whatever_notion_does_nothing_is_lost(
    scene: Scene, connector: Connector, fault: str, error: str
):
    """The sync fails with the reason; the app is as it was; the label says Error."""
    rule = {"fault": fault, "times": 0} | ({"retry_after": 0} if fault == "429" else {})
    scene.sim.set_faults([rule])
    ended = scene.sync(connector)
    scene.sim.set_faults([])

    assert (ended.state, ended.error) == (Task.State.FAILED, error)
    assert ended.message
    assert Sync.objects.count() == 1
    assert Account.objects.filter(present=True).count() == 24
    assert scene.state(connector) == State.ERROR
    assert connector.trouble == ended.message
    soon = connector.due_at - scene.now() < timedelta(minutes=6)
    assert soon == (error not in {"BadToken", "NotAllowed"})


def test_a_passing_fault_does_not_show(scene: Scene, connector: Connector):
    """Twice 500, then all is well."""
    scene.sim.set_faults([{"fault": "500", "times": 2}])

    assert scene.sync(connector).state == Task.State.DONE


def test_three_failures_in_a_row_are_told_once(scene: Scene, connector: Connector):
    """The third brings a mail, the fourth none; after a success it counts anew."""
    scene.sim.set_faults([{"fault": "500", "times": 0}])
    for expected in (0, 0, 1, 1):
        scene.sync(connector)
        assert Message.objects.filter(event__startswith="connector:failing").count() == expected
    (mail,) = Message.objects.filter(event__startswith="connector:failing")
    assert mail.recipient == "ada@larkspur.example"
    assert "The last 3 syncs" in mail.text
    scene.sim.set_faults([])
    scene.sync(connector)
    assert scene.state(connector) == State.CONNECTED
    assert connector.failures == 0
    scene.sim.set_faults([{"fault": "500", "times": 0}])
    for _ in range(3):
        scene.sync(connector)
    assert Message.objects.filter(event__startswith="connector:failing").count() == 2


def test_the_clock_starts_syncs_and_probes(scene: Scene, connector: Connector):
    """Once each, when they are due; a paused one never."""
    assert due.start_syncs(scene.now()) == 0
    scene.step = timedelta(minutes=61)
    assert (due.start_syncs(scene.now()), due.start_syncs(scene.now())) == (1, 0)
    (task,) = scene.work()
    assert (task.trigger, task.asked_by, task.state) == ("schedule", "Rolecall", "done")

    assert due.start_probes(scene.now()) == 0
    scene.step = timedelta(hours=26)
    assert (due.start_probes(scene.now()), due.start_probes(scene.now())) == (1, 0)
    (task,) = scene.work()
    assert (task.kind, task.state) == ("probe", "done")
    pause(scene.admin, connector.public_id, now=scene.now())
    scene.step = timedelta(hours=80)
    assert due.start_syncs(scene.now()) + due.start_probes(scene.now()) == 0


def test_a_probe_finds_a_dead_token(scene: Scene, connector: Connector):
    """Before the next sync does, if that is far away."""
    set_schedule(scene.admin, connector.public_id, Schedule(cron="0 6 1 * *"), now=scene.now())
    scene.sim.revoke_tokens()
    scene.step = timedelta(hours=26)
    due.start_probes(scene.now())
    scene.work()

    assert scene.state(connector) == State.ERROR


def test_pause_and_resume(scene: Scene, connector: Connector):
    """Each once; while it is paused nobody starts a sync."""
    pause(scene.admin, connector.public_id, now=scene.now())
    assert scene.state(connector) == State.PAUSED
    for twice in (pause, sync_now):
        with pytest.raises(Conflict, match="paused"):
            twice(scene.admin, connector.public_id, now=scene.now())
    resume(scene.admin, connector.public_id, now=scene.now())
    assert due.start_syncs(scene.now()) == 1
    with pytest.raises(Conflict, match="not paused"):
        resume(scene.admin, connector.public_id, now=scene.now())
    assert {"connector:pause", "connector:resume"} <= set(actions())


def test_delete_keeps_what_it_brought(scene: Scene, connector: Connector):
    """Its name must be typed; its secrets are forgotten, its queue is emptied."""
    sync_now(scene.admin, connector.public_id, now=scene.now())
    with pytest.raises(Invalid, match="Type Notion"):
        delete(scene.admin, connector.public_id, "notion", now=scene.now())
    delete(scene.admin, connector.public_id, "Notion", now=scene.now())

    assert scene.state(connector) == State.ARCHIVED
    assert not Secret.objects.exclude(sealed=b"").exists()
    assert not connector.tasks.filter(state__in=("queued", "running", "held")).exists()
    assert Account.objects.filter(present=True).count() == 24
    with pytest.raises(Gone):
        rename(scene.admin, connector.public_id, "x", now=scene.now())
    again = scene.add(name="Again")
    assert again.app == connector.app


def test_who_may_not(scene: Scene, connector: Connector):
    """An auditor reads, a member not even that, an owner of another connector neither."""
    other = scene.add(name="Other", app="Other")
    actors = (
        person("Aud", "auditor"),
        person("Mem", "member"),
        person("Own", "connector_owner", scope=other.public_id),
    )
    verbs = (
        partial(rename, name="x"),
        sync_now,
        pause,
        credential.test,
        partial(delete, typed_name="Notion"),
    )
    for who, verb in product(actors, verbs):
        with pytest.raises(NotAllowed):
            verb(who, connector.public_id, now=scene.now())


def test_an_audit_row_says_what_it_was_and_what_it_is(scene: Scene, connector: Connector):
    """And nothing where nothing changed."""
    rename(scene.admin, connector.public_id, "New", now=scene.now())
    rename(scene.admin, connector.public_id, "New", now=scene.now())

    assert actions().count("connector:name:change") == 1


def test_the_health_of_a_token(scene: Scene, connector: Connector):
    """Its maker was an owner, is a member now, and leaves at last."""
    maker = scene.sim.add_user("maker@larkspur.example", role="owner")
    scene.give(
        connector, save=True, scim_token=scene.sim.scim_token, made_by="Maker@larkspur.example"
    )
    scene.work()
    scene.step = timedelta(days=3)

    def warning() -> str:
        connector.refresh_from_db()
        (health,) = token_health(connector, scene.now())
        assert health.age > timedelta(days=2)
        assert health.last_success_at is not None
        return health.warning

    assert warning() == ""
    scene.sim.set_role(maker, "member")
    scene.sync(connector)
    assert "no longer a workspace owner" in warning()
    scene.sim.remove_user(maker)
    scene.sync(connector)
    assert "has left" in warning()
    for _ in range(2):
        scene.step += timedelta(days=2)
        due.start_probes(scene.now())
        scene.work()
    (mail,) = Message.objects.filter(event__startswith="connector:token")
    assert "has left" in mail.text


def test_a_typed_token_that_is_never_used_is_forgotten(scene: Scene):
    """After a day."""
    connector = scene.add()
    scene.give(connector, scim_token=scene.sim.scim_token)
    assert due.forget_offers(scene.now()) == 0
    assert due.forget_offers(scene.now() + timedelta(hours=25)) == 1
    assert bytes(Secret.objects.get().sealed) == b""


def test_the_log_of_a_run_goes_after_ninety_days(scene: Scene, connector: Connector):
    """The run itself stays."""
    runs = connector.tasks.count()
    assert due.forget_lines(scene.now() + timedelta(days=89)) == 0
    assert due.forget_lines(scene.now() + timedelta(days=91)) > 0
    assert connector.tasks.count() == runs


def test_keys_rotate_under_a_connector(scene: Scene, connector: Connector):
    """What is sealed with another key is sealed again, and still opens."""
    Secret.objects.update(key_id="k0")
    with pytest.raises(Exception, match="k0"):
        rotation.reseal()
    Secret.objects.update(key_id="k1")
    assert rotation.reseal()["connectors"] == 0
    assert scene.sync(connector).state == Task.State.DONE
