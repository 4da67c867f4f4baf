"""What service mode logs: a line belongs to its task."""

from pathlib import Path

from controller import asks
from controller.service import Controller
from hosted import hosted
from notion_sim import Options, Simulator

SMALL = Options(users=23, groups=5, members_per_group=6, seed=7)


def test_each_line_of_a_sync_has_its_task(tmp_path: Path):
    """Whoever looks for a task's id finds all that the connector said about it."""
    with (
        Simulator(SMALL) as sim,
        Controller() as other,
        hosted(sim, other, tmp_path / "state") as served,
    ):
        tasks = [other.enqueue(asks.sync()) for _ in range(2)]
        for task in tasks:
            assert other.wait_finished(task, 60).applied
        assert served.end() == 0
    lines = served.lines
    begins = [n for n, line in enumerate(lines) if line["msg"] == "starting new sync"]
    ends = [n for n, line in enumerate(lines) if line["msg"] == "uploaded a sync"]

    for task, begin, end in zip(tasks, begins, ends, strict=True):
        about = [line.get("task_id") for line in lines[begin : end + 1]]
        assert about.count(task) > 5
    assert all(lines[n]["task_id"] in tasks for n in (*begins, *ends))
