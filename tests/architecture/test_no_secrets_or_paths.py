"""The repository holds no secret, no path of a developer's machine and no address of a registry."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The needles are put together here, so that this file does not hold them.
FORBIDDEN = {
    "a path of one machine": re.compile(rb"(?<![\w.$}])/" + rb"(?:work|home|root)/(?=\w)"),
    "a registry": re.compile(
        b"|".join(
            [
                rb"\bpy" + rb"pi\.org",
                b"python" + b"hosted",
                b"npm" + rb"js\.",
                b"proxy.go" + b"lang",
            ]
        )
    ),
    "an address with credentials": re.compile(
        rb"\bhttps?" + rb"://[^\s/@:\"'<>{]+:[^\s/@\"'<>{]+@"
    ),
    "a Notion token": re.compile(rb"\b(?:ntn|secret)" + rb"_[A-Za-z0-9]{30,}"),
    "a private key": re.compile(b"-----BEGIN [A-Z ]*PRIVATE" + b" KEY-----"),
}
BINARY = {".c1z", ".png", ".ico"}


def tracked() -> list[Path]:
    """Every file that git tracks and that is still there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str):
    """No tracked text file holds it."""
    found = [
        f"{path.relative_to(ROOT)}: {hit.group().decode(errors='replace')}"
        for path in tracked()
        if path.suffix not in BINARY
        for hit in FORBIDDEN[what].finditer(path.read_bytes())
    ]

    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of one machine", "/ho" + "me/ana/x"),
        ("a registry", "https://py" + "pi.org/simple"),
        ("an address with credentials", "https://ana:" + "pass@mirror.example/"),
        ("a Notion token", "ntn" + "_" + "a1B2" * 10),
        ("a private key", "-----BEGIN PRIVATE" + " KEY-----"),
    ],
)
def test_a_planted_one_is_noticed(what: str, text: str):
    """Each needle finds what it is for."""
    assert FORBIDDEN[what].search(text.encode())


def test_work_files_and_environments_are_not_tracked():
    """Nothing that a run leaves behind is in the repository."""
    names = {str(p.relative_to(ROOT)) for p in tracked()}
    stray = {
        n
        for n in names
        if re.search(r"(^|/)(\.venv|__pycache__|demo|\.env|\.baton\.yaml|\.[^/]+\.work)(/|$)", n)
        or (n.endswith(".c1z") and not n.startswith("tests/golden/"))
    }

    assert stray == set()


def test_the_license_is_there():
    """LICENSE is the Apache License 2.0, which pyproject.toml names too."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
