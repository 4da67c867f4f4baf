"""What README and guides tell people to type is what the programs understand."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from rolecall.errors import Code

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
]
PROGRAMS = ("rolecall-notion", "notion-sim")
SUBCOMMANDS = (
    *("check", "show", "diff", "export", "capabilities", "config", "serve", "health-check"),
    *("grant", "revoke", "apply", "journal", "undo"),
)
GROUPS = ("account", "group")


def blocks(page: Path, language: str) -> list[str]:
    """The page's blocks of code in one language."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return list(found)


def commands(page: Path) -> list[list[str]]:
    """Every line of the page's shell blocks that starts one of our programs."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line and Path(line[0]).name in PROGRAMS]


@cache
def help_of(*command: str) -> str:
    """What `--help` prints."""
    program = Path(sys.executable).with_name(command[0])
    ran = subprocess.run(
        [program, *command[1:], "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return ran.stdout


def makefile_targets() -> set[str]:
    """Every target that the Makefile defines."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z][\w -]*):(?!=)", text, flags=re.MULTILINE)
    return {name for line in names for name in line.split()}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_flags_exist(page: Path):
    """Each flag on a command line of the page is in the help of that command."""
    unknown = []
    for line in commands(page):
        sub = [word for word in line[1:] if word in SUBCOMMANDS][:1]
        sub = line[1:3] if line[1] in GROUPS else sub
        text = help_of(Path(line[0]).name, *sub) + help_of(Path(line[0]).name)
        flags = [word.split("=")[0] for word in line if re.match(r"--?[a-z]", word)]
        unknown += [flag for flag in flags if not re.search(rf"(?<!\S){flag}\b", text)]

    assert unknown == []


@pytest.mark.parametrize(
    "page",
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_shown_help_is_what_is_printed(page: Path):
    """A console block that begins with `$ … --help` shows what the program prints."""
    for block in blocks(page, "console"):
        first, _, shown = block.partition("\n")
        words = shlex.split(first.removeprefix("$ "))
        if words[-1] == "--help":
            assert shown.split() == help_of(*words[:-1]).split()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_make_targets_exist(page: Path):
    """Each `make` target that the page names is in the Makefile."""
    named = set(
        re.findall(r"(?:`|^)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    )

    assert named <= makefile_targets()


def test_ci_runs_the_command_of_the_readme():
    """.ci/run ends with what README calls the tests, and runs no other tests or targets."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    runs = re.findall(
        r"^\s*(?:exec )?((?:make|tox|nox|\S*python\S* -m|\S*pytest)\b.*)$", text, flags=re.MULTILINE
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.search(r"The tests:\n\n```sh\n(.+?)\n```", readme, flags=re.DOTALL)

    assert told
    assert runs == [told.group(1)]
    assert text.rstrip().endswith(told.group(1))


def test_the_readme_shows_some_help():
    """There is a console block in README for the test above to look at."""
    shown = [block.splitlines()[0] for block in blocks(ROOT / "README.md", "console")]

    assert any(line.endswith("--help") for line in shown)


def test_exit_statuses_of_the_readme_are_codes():
    """Each status that README lists is one of ours."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [int(number) for number in re.findall(r"^\| (\d+) \|", text, flags=re.MULTILINE)]

    assert listed == sorted(set(listed))
    assert set(listed) <= {code.value for code in Code}
    assert len(listed) >= 8
