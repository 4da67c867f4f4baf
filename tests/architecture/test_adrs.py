"""Each decision is one page of one form, numbered, and listed on the index page."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("0*.md"))
HEADINGS = ["Status", "Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
MAX_LINES = 90


@pytest.mark.parametrize("page", DECISIONS, ids=lambda p: p.stem)
def test_a_decision_has_its_form(page: Path):
    """A decision fits on a page, has the six headings, one quotable line, and names its price."""
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == HEADINGS
    assert len(re.findall(r"^> ", text, flags=re.MULTILINE)) == 1
    assert "price" in text
    assert len(text.splitlines()) <= MAX_LINES


def test_numbers_have_no_gap_and_the_index_lists_all():
    """Decisions are numbered from 1, and the index links each under its title."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", index, flags=re.MULTILINE)
    expected = [
        (f"{n:04}", page.name, page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "))
        for n, page in enumerate(DECISIONS, start=1)
    ]

    assert rows == expected
