"""How long a worker may be silent, and how often what is looked at."""

from dataclasses import dataclass, field

from django.conf import settings

from rolecall.notion.client import Patience

__all__ = ["Pace", "pace"]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Times; tests run the same with seconds instead of minutes."""

    lease_s: float = 60.0
    """A running task that nobody has vouched for this long is taken from its worker."""
    beat_s: float = 1.0
    """Between two signs of life, which also write the log and the progress."""
    heartbeat_s: float = 10.0
    """Between two signs of life of a worker that may have no task."""
    sweep_cron: str = "* * * * * */10"
    """When lapsed tasks are looked for; the sixth field is seconds."""
    due_cron: str = "* * * * * */20"
    """When schedules are looked at."""
    patience: Patience = field(default_factory=Patience)
    """How long a hosted connector tries again before a sync fails."""
    requests_per_second: float | None = None
    """Of a hosted connector: fixed, 0 is no limit; None adapts to Notion's patience."""

    vouched_lease_s: float = 150.0
    """The same on a machine of its owner's, of what heartbeats are sent for."""
    change_lease_s: float = 900.0
    """Of what none are sent for: changes of connectors in Go, which repeat them for minutes."""
    next_heartbeat_s: float = 20.0
    """What a connector is told."""
    idle_poll_s: float = 5.0
    """When a connector asks again, if there was nothing for it."""
    busy_poll_s: float = 1.0
    """The same, if there was."""
    missed_s: float = 600.0
    """A self-hosted connector that did not call for so long is not seen."""

    again_s: tuple[float, ...] = (60.0, 300.0, 1800.0)
    """Until a change is carried again of which nobody knows what it did: after the first, ...

    Not before a request that was on its way when its sender died must have had its effect.
    """

    put_off_s: float = 60.0
    """Until a change is tried again that failed for a reason that passes; then four times that,
    nine times, ... fifteen at most."""

    @property
    def stalled_s(self) -> float:
        """A worker that is silent for this long is dead; jobs that it held are free again."""
        return 3 * self.heartbeat_s


def pace() -> Pace:
    """The times of this installation."""
    found = getattr(settings, "ROLECALL_PACE", None)
    return found if isinstance(found, Pace) else Pace()
