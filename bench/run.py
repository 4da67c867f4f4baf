"""What changes cost in requests, and syncs as ratios to a floor of the same run (`make bench`).

Starts a simulator, a sync and the floor, each in a process of its own, and prints one Markdown
table; `--write` puts it into docs/measurements.md. Judges against the targets, and says by how much
one is missed. Measures nothing inside this process but the cost of starting others.
"""

import argparse
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

__all__ = ["main"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "measurements.md"
MARKS = ("<!-- bench begins -->", "<!-- bench ends -->")
CHANGE_MARKS = ("<!-- changes begin -->", "<!-- changes end -->")
WORKERS = 8
LATENCY_MS = 50
SIZES = ((1_000, 50), (20_000, 200), (100_000, 10_000))
LARGEST = SIZES[-1]
PEAK_MIB = 150
HELP_RATIO = 4.0
FLOOR_RATIO = 2.0
LATENCY_RATIO = 1.3
PAGE_MS = 5.0
START_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """A simulator that runs."""

    url: str
    token: str
    start_s: float

    def page_ms(self) -> float:
        """Its own time for a full page of users, as it logged it; the median."""
        with urllib.request.urlopen(self.url.replace("/scim/v2", "/_sim/requests")) as answer:  # noqa: S310 - our own
            log = json.load(answer)
        spent = [one["done_at"] - one["at"] for one in log if "/Users?" in one["path"]]
        return 1000 * statistics.median(spent)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One workspace at one distance."""

    users: int
    groups: int
    skewed: bool

    def name(self, memberships: int) -> str:
        """As the table calls it; how many memberships there are is up to the simulator."""
        form = "skewed" if self.skewed else "even"
        return f"{self.users:,} / {self.groups:,} / {memberships:,} {form}"

    @property
    def allowed(self) -> int:
        """Requests that are still all right."""
        return int(1.02 * (ceil(self.users / 100) + ceil(self.groups / 100)) + 8)


@contextmanager
def simulated(case: Case, latency_ms: int) -> Iterator[Simulated]:
    """A simulator in a process of its own."""
    words = [
        "--users", case.users, "--groups", case.groups, "--members-per-group", 100, "--seed", 7,
        "--port", 0, "--latency-ms", latency_ms, *(["--skewed"] if case.skewed else []),
    ]  # fmt: skip
    before = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", "from notion_sim.cli import main; main()", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            yield _announced(running, before)
        finally:
            running.terminate()


def _announced(running: subprocess.Popen[str], before: float) -> Simulated:
    """Read the export lines of a simulator that starts."""
    said: dict[str, str] = {}
    for line in running.stdout or ():
        for word in shlex.split(line):
            name, _, text = word.partition("=")
            said[name] = text
        if "BATON_BASE_URL" in said and "BATON_SCIM_TOKEN" in said:
            break
    return Simulated(
        url=said["BATON_BASE_URL"],
        token=said["BATON_SCIM_TOKEN"],
        start_s=time.perf_counter() - before,
    )


def _said(words: list[str], token: str = "") -> dict[str, Any]:
    """Run one of our scripts and read its line of JSON."""
    ended = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "BATON_SCIM_TOKEN": token},
        stdout=subprocess.PIPE,
        check=True,
    )
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


def measured(case: Case, latency_ms: int, repeat: int) -> dict[str, Any]:
    """Sync and floor of one workspace; each number is the median of the repetitions."""
    with simulated(case, latency_ms) as sim, TemporaryDirectory() as folder:
        file = Path(folder) / "a.c1z"
        script = str(ROOT / "bench" / "one_sync.py")
        runs = []
        for _ in range(repeat):
            file.unlink(missing_ok=True)
            words = [script, "--url", sim.url, "--file", str(file), "--workers", str(WORKERS)]
            runs.append(_said(words, sim.token))
        if any(run["sync_type"] != "full" for run in runs):
            raise SystemExit(f"The sync of {case} was not full: {runs}")
        found = {
            key: statistics.median(run[key] for run in runs)
            for key in ("wall_s", "cpu_s", "peak_mib", "requests", "memberships")
        }
        found |= {"start_s": sim.start_s, "page_ms": sim.page_ms()}
        if not latency_ms:
            floors = [_said([str(ROOT / "bench" / "floor.py"), str(file)]) for _ in range(repeat)]
            found["floor_s"] = statistics.median(one["wall_s"] for one in floors)
    return found


def judged(number: float, allowed: float, form: str = "{:.2f}") -> str:
    """A number beside its target."""
    shown = f"{form.format(number)} (≤ {form.format(allowed)})"
    return (
        f"{shown} ok" if number <= allowed else f"{shown} **missed by {number / allowed - 1:.0%}**"
    )


def rows(case: Case, *, latency: bool, say: Callable[[str], None]) -> list[str]:
    """The table rows of one workspace."""
    repeat = 1 if (case.users, case.groups) == LARGEST else 3
    near = measured(case, 0, repeat)
    ratio = near["wall_s"] / near["floor_s"]
    largest = (case.users, case.groups) == LARGEST
    made = [
        _row(case, 0, near, floor=judged(ratio, FLOOR_RATIO) if largest else f"{ratio:.2f}"),
    ]
    say(made[-1])
    if latency:
        far = measured(case, LATENCY_MS, repeat)
        least = max(far["requests"] * LATENCY_MS / 1000 / WORKERS, near["wall_s"])
        far["floor_s"] = near["floor_s"]
        made.append(
            _row(case, LATENCY_MS, far, floor="", far=judged(far["wall_s"] / least, LATENCY_RATIO))
        )
        say(made[-1])
    return made


def _row(case: Case, latency: int, found: dict[str, Any], *, floor: str, far: str = "") -> str:
    cells = [
        case.name(int(found["memberships"])),
        f"{latency} ms",
        f"{found['wall_s']:.2f} s",
        f"{found['cpu_s']:.2f} s",
        f"{found['floor_s']:.2f} s",
        floor or "-",
        far or "-",
        judged(found["peak_mib"], PEAK_MIB, "{:.0f}"),
        judged(found["requests"], case.allowed, "{:.0f}"),
        judged(found["start_s"], START_S, "{:.1f}"),
        judged(found["page_ms"], PAGE_MS) if not latency else "-",
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| users / groups / memberships | latency | wall | CPU | floor | wall ÷ floor"
    " | wall ÷ max(requests · latency ÷ workers, wall at 0 ms) | peak MiB | requests"
    " | simulator starts in s | its own ms per page |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def help_cost() -> str:
    """What `--help` costs against an empty Python, as a sentence."""
    command = [sys.executable, "-c", "from rolecall.connector.cli import main; main()", "--help"]
    spent: dict[str, list[float]] = {"help": [], "pass": []}
    for _ in range(9):
        for name, words in (("help", command), ("pass", [sys.executable, "-c", "pass"])):
            before = time.perf_counter()
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
            spent[name].append(time.perf_counter() - before)
    help_s, pass_s = (statistics.median(spent[name]) for name in ("help", "pass"))
    return (
        f"`rolecall-notion --help`: {1000 * help_s:.0f} ms, `python -c pass`: "
        f"{1000 * pass_s:.0f} ms; ratio {judged(help_s / pass_s, HELP_RATIO)}."
    )


def machine() -> str:
    """Where and what was measured."""
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    gib = int(memory.group(1)) / 2**20 if memory else 0
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return (
        f"{os.cpu_count()} cores, {gib:.0f} GiB RAM, Python {platform.python_version()}, "
        f"{platform.system()}, commit {commit or 'unknown'}."
    )


def written(text: str, marks: tuple[str, str]) -> None:
    """Put the result between its marks in docs/measurements.md."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(marks[0])
    _, _, tail = rest.partition(marks[1])
    PAGE.write_text(f"{head}{marks[0]}\n{text}\n{marks[1]}{tail}", encoding="utf-8")


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description="Measure a sync against its floor.")
    parser.add_argument("--sizes", choices=("small", "all"), default="all")
    parser.add_argument("--skip-latency", action="store_true", help="Only at 0 ms.")
    parser.add_argument("--only-changes", action="store_true", help="No syncs.")
    parser.add_argument("--write", action="store_true", help="Put it into docs/measurements.md.")
    asked = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    changes: list[str] = _said([str(ROOT / "bench" / "changes.py")])["lines"]
    say("\n".join([machine(), "", *changes, ""]))
    if asked.write:
        written("\n".join([machine(), "", *changes]), CHANGE_MARKS)
    if asked.only_changes:
        return
    sizes = SIZES if asked.sizes == "all" else SIZES[:-1]
    text = "\n".join(syncs(sizes, latency=not asked.skip_latency, say=say))
    if asked.write:
        written(text, MARKS)


def syncs(
    sizes: Iterable[tuple[int, int]], *, latency: bool, say: Callable[[str], None]
) -> list[str]:
    """Measure syncs; the lines of their page."""
    for line in (start := [machine(), "", help_cost(), "", HEAD]):
        say(line)
    made = [
        row
        for users, groups in sizes
        for skewed in (False, True)
        for row in rows(Case(users=users, groups=groups, skewed=skewed), latency=latency, say=say)
    ]
    return [*start, *made]


if __name__ == "__main__":
    main()
