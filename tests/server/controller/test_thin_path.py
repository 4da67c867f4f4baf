"""Our own connector in service mode, as a process, at our own controller: from rotate to rows."""

from pathlib import Path

from gate_rig import Gate, until
from scenes import Scene

from hosted import hosted
from rolecall.server.access.models import Account, Grant, Sync
from rolecall.server.connectors.models import Connector, Host, Task


class Settings:
    """What `hosted` reads of a controller."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ


def test_from_rotate_to_rows(gate: Gate, scene: Scene, tmp_path: Path):
    """A sync is leased, uploaded, finished, and taken in by the code that takes in hosted ones."""
    connector = gate.add()
    other = Settings(gate.environ(gate.issue(connector)))
    with hosted(scene.sim, other, tmp_path / "state") as running:
        task = until(
            lambda: Task.objects.filter(kind="sync", answer__isnull=False).first(),
            what=f"the end of the sync ({running.said})",
        )
        scene.carry_out(task)
        assert task.state == Task.State.DONE, (task.message, running.said)
        assert scene.state(connector) == Connector.State.CONNECTED
        state = scene.sim.state()
        members = {one["id"] for one in state["members"]}
        assert set(Account.objects.values_list("external_id", flat=True)) == members
        held = Grant.objects.filter(until_at=None, entitlement__kind="group")
        assert held.count() == sum(len(group["members"]) for group in state["groups"])
        assert Sync.objects.get().complete_types == ["user", "group", "role"]
        host = Host.objects.get()
        assert host.name == "here"
        assert host.version.startswith("rolecall")
        assert host.capabilities["capabilities"]["resource_type_capabilities"]
        assert running.end() == 0
