"""docs/reference/json.md is true."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rolecall.connector import changes, record, snapshot
from rolecall.connector.news import News
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
    assert set(TABLES) == {*LISTS, "Webhooks"}


def test_the_message_of_a_webhook_is_documented_key_by_key():
    """Whoever receives one finds every key on the page, in order."""
    news = News(sync_id="b", previous="a", count=0, visible=0, digest=b"", first=[])
    said = json.loads(
        news.message(workspace="", file=Path("sync.c1z"), at=datetime(2026, 1, 1, tzinfo=UTC))
    )

    assert TABLES["Webhooks"] == tuple(said)
