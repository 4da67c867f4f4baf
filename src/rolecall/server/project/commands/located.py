"""What every command asks first: which installation, and as whom."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from rolecall.server.project.installation import Installation

__all__ = ["located"]


def located(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--data` and `--run-as`, and itself the installation they name."""

    @click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="ROLECALL_DATA",
        metavar="DIR",
        help="The data folder; without it DATABASE_URL says where the database is.",
    )
    @click.option(
        "--run-as",
        default="",
        envvar="ROLECALL_RUN_AS",
        metavar="USER",
        help="Under root: who everything runs as (postgres, else nobody).",
    )
    @wraps(function)
    def with_place(data: Path | None, run_as: str, **values: Any) -> None:  # noqa: ANN401 - click's
        function(Installation(data=data, run_as=run_as), **values)

    return with_place
