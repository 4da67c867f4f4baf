"""The SQL of taking in, by file and name: `run("differ", "grants", values)`.

Each `.sql` file in `sql/` is a list of statements; `-- :name` begins one, and the comment under it
says what for.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from django.db import connection

__all__ = ["names", "rows", "run"]

_NAME: Final = re.compile(r"^-- :name (\w+)\n", re.MULTILINE)
Values = Mapping[str, Any]


def run(file: str, name: str, values: Values | None = None) -> int:
    """Run one statement (or several under one name); how many rows the last one touched."""
    with connection.cursor() as cursor:
        cursor.execute(_file(file)[name], values)
        return int(cursor.rowcount)


def rows(file: str, name: str, values: Values | None = None) -> list[tuple[Any, ...]]:
    """The rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(_file(file)[name], values)
        return list(cursor.fetchall())


def names(file: str) -> list[str]:
    """The statements of a file, in its order."""
    return list(_file(file))


@cache
def _file(name: str) -> dict[str, str]:
    text = files("rolecall.server.access.intake").joinpath("sql", f"{name}.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
