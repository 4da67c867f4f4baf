"""What a verified change costs: the bench runs, and no target is missed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "changes.py"


@pytest.mark.slow
def test_every_change_is_measured_and_meets_its_target():
    """A role or a membership in three requests, four where the owner role is taken."""
    ended = subprocess.run([sys.executable, str(BENCH)], capture_output=True, text=True, check=True)
    lines = json.loads(ended.stdout)["lines"]
    rows = [line for line in lines if line.startswith("| ")]

    assert "missed" not in ended.stdout
    assert len(rows) == 12
    assert sum(" ok |" in row for row in rows) == 5
    assert "1,000 additions to 10 groups" in lines[-1]
    assert " 10 of them PATCH" in lines[-1]
