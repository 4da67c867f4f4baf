"""Who may import whom is decided in pyproject.toml and checked here."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_contracts_hold():
    """import-linter finds every contract of pyproject.toml kept."""
    program = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [program, "--no-cache", "--no-logo"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_important_contracts_exist():
    """The layers, the independent simulator and the ban on web frameworks are contracts."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    kinds = {contract["type"] for contract in contracts}

    assert kinds == {"layers", "independence", "forbidden", "acyclic_siblings"}
    assert any(
        {"rolecall", "notion_sim"} <= set(contract.get("modules", ())) for contract in contracts
    )
    assert any("django" in contract.get("forbidden_modules", ()) for contract in contracts)
