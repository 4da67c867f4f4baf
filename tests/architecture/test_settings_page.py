"""docs/reference/settings.md names every setting of the server, with its variable."""

from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints

import msgspec

from rolecall.server.project import config

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def settings(kind: type[msgspec.Struct], above: str = "") -> list[str]:
    """Every setting of a struct, as a dotted path."""
    found = []
    for name, hint in get_type_hints(kind).items():
        (inner,) = [one for one in get_args(hint) or (hint,) if one is not NoneType][:1]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found += settings(inner, f"{above}{name}.")
        else:
            found.append(above + name)
    return found


def rows() -> dict[str, str]:
    """The page's table: setting → variable."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "| `" in line]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1] for row in cells}


def test_every_setting_is_on_the_page_and_nothing_else():
    """The table has a row for each field of the settings file."""
    assert sorted(rows()) == sorted(settings(config.Config))


def test_variables_agree():
    """Each variable stands beside the setting that it sets."""
    variables = config._VARIABLES | config._LISTS
    code = {".".join(path): variable for variable, path in variables.items()}

    assert {setting: variable for setting, variable in rows().items() if variable} == code
