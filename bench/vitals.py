"""What a running process costs, read from outside (Linux), and whether it grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sample", "peak_mib", "sample", "slope"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A process at one moment."""

    at: float
    rss_kib: int
    threads: int
    files: int
    """Open descriptors, sockets among them."""

    sockets: int


def sample(pid: int, at: float) -> Sample:
    """Look at a process."""
    status = _status(pid)
    links = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(one.readlink()))
        except OSError:
            continue  # closed meanwhile
    return Sample(
        at=at,
        rss_kib=status["VmRSS"],
        threads=status["Threads"],
        files=len(links),
        sockets=sum(link.startswith("socket:") for link in links),
    )


def peak_mib(pid: int) -> float:
    """The largest resident size so far."""
    return _status(pid)["VmHWM"] / 1024


def _status(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    words = [line.replace(":", " ").split() for line in lines]
    return {one[0]: int(one[1]) for one in words if len(one) > 1 and one[1].isdigit()}


def slope(pairs: Sequence[tuple[float, float]]) -> float:
    """Growth per minute, by least squares; `pairs` of seconds and values."""
    if len(pairs) < 2:  # noqa: PLR2004 - a line needs two points
        return 0.0
    mean_x = sum(x for x, _ in pairs) / len(pairs)
    mean_y = sum(y for _, y in pairs) / len(pairs)
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    return 60 * sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread if spread else 0.0
