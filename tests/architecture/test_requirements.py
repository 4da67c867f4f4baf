"""The pins name packages, versions and hashes, and nothing about where they came from."""

import re
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "requirements").glob("*.txt"))
PIN = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,._-]+\])?==[0-9][0-9A-Za-z.!+]*"
    r"(\s*;\s*[^\\]+?)?((\s+--hash=sha256:[0-9a-f]{64})+)"
)


def requirements(text: str) -> list[str]:
    """Logical lines, continuations joined, comments and blank lines left out."""
    joined = text.replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip(" #")]


def faults(text: str) -> list[str]:
    """Every logical line that is no exactly pinned, hashed requirement."""
    return [
        line for line in requirements(text) if not line.startswith("#") and not PIN.fullmatch(line)
    ]


def test_there_are_requirements():
    """The other tests of this file look at something."""
    assert {f.name for f in FILES} >= {"connector.txt", "dev.txt", "build.txt"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_each_requirement_is_pinned_and_hashed(path: Path):
    """Each line is `name==version` with at least one SHA-256, and nothing else is in the file."""
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_place_is_named(path: Path):
    """No index, find-links, URL or file path stands in a requirements file, comments included."""
    found = re.findall(
        r"--(?:index|extra-index|find-links|trusted|no-index)\S*|^-[fier]\b|\w+://\S*|^[./]\S*",
        path.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )

    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "click>=8 --hash=sha256:" + "a" * 64,
        "click==8.5.1",
        "click @ file:///tmp/click.whl",
        "--index-url https://mirror.example/simple",
        "-r other.txt",
        "./click.whl",
        "click==8.* --hash=sha256:" + "a" * 64,
    ],
)
def test_a_loose_requirement_is_noticed(line: str):
    """The check is no formality: each of these lines is a fault."""
    assert faults(line) == [line]
