"""Plant a defect in a copy of the source, and see whether the named tests notice.

The tests run in a process of their own against the copy; the source itself is never changed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import rig

ROOT = Path(__file__).parents[2]
TIMES = 2 if rig.RUNS == "all" else 1
"""How often a defect must be noticed, each time with another seed: once can be luck."""


@dataclass(frozen=True, kw_only=True)
class Defect:
    """What somebody might break, and who must notice."""

    where: str
    """Module below src/rolecall."""

    old: str
    new: str
    seen_by: tuple[str, ...]
    """Tests as pytest takes them; one of them must fail."""


def stands_once(defect: Defect) -> bool:
    """Whether the text to change is in the source exactly once."""
    text = (ROOT / "src" / "rolecall" / defect.where).read_text(encoding="utf-8")
    return text.count(defect.old) == 1


def unnoticed(defects: Mapping[str, Defect], chosen: Iterable[str], folder: Path) -> list[str]:
    """Plant each of the chosen; which of them left their tests green, even once."""
    names = list(chosen)
    source, green = copied(folder), list[str]()
    place = subprocess.run(
        [sys.executable, "-c", "import rolecall; print(rolecall.__file__)"],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert place.stdout.startswith(str(source))
    whole = run(source, dict.fromkeys(test for one in names for test in defects[one].seen_by))
    assert whole.returncode == 0, whole.stdout[-3000:]
    for name in names:
        module = source / "rolecall" / defects[name].where
        before = module.read_text(encoding="utf-8")
        plant(source, defects[name])
        ends = [run(source, defects[name].seen_by, rig.SEED + n).returncode for n in range(TIMES)]
        module.write_text(before, encoding="utf-8")
        if set(ends) != {pytest.ExitCode.TESTS_FAILED}:
            green.append(f"{name} {ends}")
    return green


def run(
    source: Path, tests: Iterable[str], seed: int = rig.SEED
) -> subprocess.CompletedProcess[str]:
    """Run tests against a copy of the source."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:xdist", *tests],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(source), "RUNS": "4", "SEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def copied(folder: Path) -> Path:
    """A copy of the source to break."""
    source = folder / "src"
    shutil.copytree(
        ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    return source


def plant(source: Path, defect: Defect) -> None:
    """Change the copy; the old text must be there once."""
    module = source / "rolecall" / defect.where
    text = module.read_text(encoding="utf-8")
    assert text.count(defect.old) == 1, f"{defect.where} no longer holds {defect.old!r} once"
    module.write_text(text.replace(defect.old, defect.new), encoding="utf-8")
