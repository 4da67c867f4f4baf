"""docs/notion.md is a register: whatever cites a number finds it there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "notion.md"
FACT = re.compile(r"^- \*\*N-(\d{3})\*\* (.+)\n  (.+)\n  → (.+)$", re.MULTILINE)
HOW = re.compile(
    r"(Documented|Observed|Inferred)\b[^·]* · [^·]+ · 20\d\d\b.*|Withdrawn, see N-\d{3}\."
)
WORDS = {"RFC", "REST", "SCIM", "SAML", "API", "PATCH"}
CITATION = re.compile(r"(?<![\w-])N-(\d{3})(?!\d)")


def page() -> str:
    """The register as text."""
    return PAGE.read_text(encoding="utf-8")


def cited() -> dict[str, set[str]]:
    """Number to the files that cite it."""
    found: dict[str, set[str]] = {}
    files = [
        *(p for d in ("src", "tests", "tools", "bench") for p in (ROOT / d).rglob("*.py")),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
    ]
    for path in files:
        for number in CITATION.findall(path.read_text(encoding="utf-8")):
            found.setdefault(number, set()).add(str(path.relative_to(ROOT)))
    return found


def test_numbers_run_from_one_without_a_gap():
    """Numbers are unique and ascending, so a number can be found and none was taken away."""
    numbers = [int(number) for number, *_ in FACT.findall(page())]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 90
    assert page().count("**N-") == len(numbers)


def test_each_fact_says_how_we_know_and_what_we_do():
    """Each fact has one sentence, its certainty with source and date, and a consequence."""
    for number, sentence, how, consequence in FACT.findall(page()):
        assert sentence.endswith("."), number
        assert HOW.fullmatch(how), number
        assert consequence.endswith("."), number


def test_each_source_is_explained():
    """A source key that a fact names stands in the table of sources."""
    keys = set(re.findall(r"^\| ([A-Z][A-Z0-9-]+) \|", page(), flags=re.MULTILINE))
    used = {
        key
        for _number, _sentence, how, _consequence in FACT.findall(page())
        for key in re.findall(r"\b[A-Z][A-Z0-9]+(?:-[A-Z]+)*\b", how.split(" · ")[1])
    }

    assert used - WORDS <= keys
    assert keys <= used


def test_every_citation_exists():
    """No file cites a number that the register does not have."""
    known = {number for number, *_ in FACT.findall(page())}

    assert {n: sorted(files) for n, files in cited().items() if n not in known} == {}


def test_citations_are_numbers():
    """A citation in the code is a number of the register, not a section of somebody's notes."""
    loose = {
        f"{path.relative_to(ROOT)}: {hit}"
        for path in (*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py"))
        for hit in re.findall(r"\bNotion: [A-G]\d\d?\b", path.read_text(encoding="utf-8"))
    }

    assert loose == set()
