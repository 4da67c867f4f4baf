"""docs/reference/json.md is true."""

import re
from pathlib import Path

import pytest

from rolecall.connector import changes, record, snapshot
from rolecall.connector.provision import line

PAGE = (Path(__file__).parents[2] / "docs/reference/json.md").read_text(encoding="utf-8")
TABLES = {
    section.splitlines()[0]: tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    for section in PAGE.split("\n## ")[1:]
}
LISTS = {
    **snapshot.COLUMNS,
    "diff": changes.COLUMNS,
    "changes": line.COLUMNS,
    "journal": record.COLUMNS,
}


@pytest.mark.parametrize(("name", "columns"), LISTS.items(), ids=str)
def test_every_column_is_documented_in_order(name, columns):
    """The page's tables have the keys of the objects, and none besides."""
    assert TABLES[name] == columns


def test_no_list_is_documented_that_does_not_exist():
    """A table that was dropped is dropped from the page."""
    assert set(TABLES) == set(LISTS)
