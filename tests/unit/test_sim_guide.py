"""docs/guides/simulator.md tells everything that the simulator can do."""

import re
from pathlib import Path

import pytest

import notion_sim
from notion_sim.control import PATHS
from notion_sim.faults import KINDS
from notion_sim.options import Options, parse_switch, switches

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "simulator.md").read_text(encoding="utf-8")


def test_every_switch_is_in_the_guide():
    """Each switch has its row, word for word, and the table has no other."""
    rows = [
        f"| `{each.name}` | {' '.join(f'`{value}`' for value in each.values) or 'a number'} "
        f"| `{each.default}` | {each.fact} | {each.mark} | {each.text} |"
        for each in switches()
    ]
    table = GUIDE.split("## Switches")[1].split("## Faults")[0]

    assert [row for row in table.splitlines() if row.startswith("| `")] == rows


def test_every_fault_is_in_the_guide():
    """Each fault has its row, word for word, and the table has no other."""
    table = GUIDE.split("## Faults")[1].split("## Control")[0]
    rows = [f"| `{kind}` | {text} |" for kind, text in KINDS.items()]

    assert [row for row in table.splitlines() if row.startswith("| `")] == rows


def test_every_control_call_is_in_the_guide():
    """Each control call has its row."""
    rows = [
        f"| `{method} {path}` | {text} |"
        for path, ways in PATHS.items()
        for method, (_, text) in ways.items()
    ]

    assert [row for row in rows if row not in GUIDE] == []


def test_each_switch_has_a_fact_and_how_we_know():
    """A switch cites a numbered fact and says whether it is documented, observed or inferred."""
    for each in switches():
        assert re.fullmatch(r"N-\d{3}", each.fact), each.name
        assert re.fullmatch(r"[DOI](, status I)?", each.mark), each.name
        assert each.text.endswith("."), each.name
        assert getattr(Options(), each.name) == each.default


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("order", "Reshuffled ", "reshuffled"),
        ("max_count", "7", 7),
        ("max_count", 7, 7),
        ("duplicate_group", 409, "409"),
    ],
)
def test_switch_values(name: str, value: object, parsed: object):
    """Values come as text or number, and are kept in the switch's own type."""
    assert parse_switch(name, value) == parsed


@pytest.mark.parametrize(
    ("name", "value"), [("order", ""), ("order", None), ("max_count", "-1"), ("users", "3")]
)
def test_wrong_switch_values(name: str, value: object):
    """What a switch does not take is refused; a size is no switch."""
    with pytest.raises(ValueError):
        parse_switch(name, value)


def test_what_the_package_offers():
    """The package offers Options and Simulator, and nothing else by accident."""
    assert notion_sim.__all__ == ["Options", "Simulator"]
    assert notion_sim.Simulator.__name__ == "Simulator"
    with pytest.raises(AttributeError):
        _ = notion_sim.World
