"""ARCHITECTURE.md draws the tree that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


def drawn() -> list[str]:
    """Every module that the page's tree names, as a path below `src`."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tree = next(b for b in re.findall(r"```\n(.*?)```", page, re.DOTALL) if "├──" in b)
    folders: dict[int, str] = {}
    found = []
    for line in tree.splitlines():
        if not (name := re.match(r"[│├└─ ]*(?P<name>\S+)", line)):
            continue
        depth = name.start("name") // 4
        above = "".join(folders.get(level, "") for level in range(depth))
        if name["name"].endswith("/"):
            folders = {k: v for k, v in folders.items() if k < depth} | {depth: name["name"]}
            folders[0] = folders[0].removeprefix("src/")
        else:
            found += [above + word for word in re.findall(r"\S+\.py\b", line)]
    return found


def test_every_module_is_drawn_where_it_is():
    """The tree names each module once, in its folder, and no module that is not there."""
    modules = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py" and not {"_generated", "migrations"} & set(path.parts)
    }

    assert sorted(drawn()) == sorted(modules)
