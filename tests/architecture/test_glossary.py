"""docs/glossary.md has each noun once, in order, and sends the reader to a place that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^## ([^\n]+)\n\n(.+?)(?=\n## |\Z)", re.MULTILINE | re.DOTALL)


def entries() -> list[tuple[str, str]]:
    """Noun and text of each entry."""
    return ENTRY.findall((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))


def test_each_noun_once_and_in_order():
    """Nouns are unique and in alphabetical order, so that a reader finds one without searching."""
    nouns = [noun.casefold() for noun, _ in entries()]

    assert nouns == sorted(set(nouns))
    assert {"c1z", "grant", "entitlement", "sync", "task", "job", "manual step"} <= set(nouns)


def test_each_noun_lives_somewhere():
    """An entry ends with "Lives in", and a path there exists."""
    for noun, text in entries():
        last = text.strip().splitlines()[-1]
        paths = re.findall(r"`(src/[^`]+)`", last)

        assert last.startswith("Lives in"), noun
        assert [p for p in paths if not (ROOT / p).exists()] == [], noun
