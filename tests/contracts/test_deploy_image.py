"""The image is made of pinned sources, and runs as nobody on a root that stays as it is.

No container engine runs here: the file is linted and read, and not built.
"""

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")


def hadolint(path: Path) -> list[str]:
    """What hadolint complains about, at every severity."""
    ran = subprocess.run(
        [HADOLINT, "--no-color", "--failure-threshold", "style", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr
    return ran.stdout.splitlines()


def instructions() -> list[tuple[str, str]]:
    """The instructions in their order, continuations joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", CONTAINERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def of(word: str) -> list[str]:
    """What follows each instruction of one kind."""
    return [rest for name, rest in instructions() if name == word]


def version() -> str:
    """The version of the product."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def test_hadolint_has_no_complaint():
    """The Containerfile passes hadolint at its strictest."""
    assert hadolint(CONTAINERFILE) == []


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ("RUN pip install click", "DL3013"),
        ("USER root", "DL3002"),
        ("RUN curl http://a.example | sh", "DL4006"),
    ],
)
def test_hadolint_notices(bad: str, rule: str, tmp_path: Path):
    """The lint is no formality: each of these lines is a complaint."""
    planted = tmp_path / "Containerfile"
    planted.write_text(f"{CONTAINERFILE.read_text(encoding='utf-8')}{bad}\n", encoding="utf-8")

    assert any(rule in line for line in hadolint(planted))


def test_it_runs_as_a_number_that_is_not_root():
    """Kubernetes can prove runAsNonRoot by a numeric user only."""
    users = of("USER")

    assert [user for user in users if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)] == []
    assert len(users) == 1


def test_no_folder_of_the_image_passes_for_a_lasting_one():
    """The image names no state folder and no volume; with one, `-p` would not be refused."""
    said = " ".join(of("ENV"))

    assert of("VOLUME") == []
    assert "BATON_" not in said


def test_no_shell_is_used():
    """Every command is a list of words; nothing is fetched by ADD."""
    commands = of("RUN") + of("ENTRYPOINT") + of("CMD")

    assert [command for command in commands if not command.startswith("[")] == []
    assert of("ADD") == []
    assert len(commands) > 3


def test_packages_come_with_hashes():
    """What pip installs is hashed, or is the wheel that was built here."""
    installs = [run for run in of("RUN") if '"install"' in run and '"-d"' not in run]

    assert len(installs) == 3
    assert [r for r in installs if "--require-hashes" not in r and "--no-index" not in r] == []


def test_the_version_is_the_product_s():
    """Label and wheel carry the version of pyproject.toml."""
    text = CONTAINERFILE.read_text(encoding="utf-8")

    assert f'image.version="{version()}"' in text
    assert f'"rolecall=={version()}"' in text


def test_what_is_copied_is_there_and_let_through():
    """Each source of a COPY exists, and .containerignore does not hide it."""
    ignore = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    shown = [line[1:] for line in ignore if line.startswith("!")]
    sources = [
        source.rstrip("/")
        for line in of("COPY")
        if not line.startswith("--from")
        for source in line.split()[:-1]
    ]

    assert "*" in ignore
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [one for one in sources if not any(fnmatch(one, show) for show in shown)] == []


def test_both_engines_see_the_same():
    """.dockerignore and .containerignore are equal."""
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8") == (
        ROOT / ".containerignore"
    ).read_text(encoding="utf-8")
