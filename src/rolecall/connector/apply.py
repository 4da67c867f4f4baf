"""`rolecall-notion apply`: a file of changes, planned as a whole, carried out row by row."""

import io
import sys
from pathlib import Path
from typing import Any

import click

from rolecall.connector.asking import Asked, change, change_options
from rolecall.connector.provision.wish import Wish, read_wishes
from rolecall.errors import BadFile, Invalid

__all__ = ["command"]


@click.command("apply", short_help="Carry out a CSV file of changes, one per row.")
@click.argument("table", metavar="FILE.csv")
@click.option("--stop-on-error", is_flag=True, help="Leave the rest alone after a failure.")
@change_options(forms=("table", "json", "csv"))
def command(table: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Carry out the changes of a CSV file, one per row; `-` reads standard input.

    The first line names the columns: operation (grant, revoke, account create, account update,
    account remove, group add, group remove, group create, group rename, group delete), who,
    entitlement, group, name, role, and the attributes of an account.

    All rows are planned first. What is so already is left alone, so the same file can be given
    again. The exit status is that of the first row that failed.
    """
    change(_wishes(table), Asked(**options), batch=True)


def _wishes(table: str) -> list[Wish]:
    """The rows of the file.

    Raises:
        Invalid: it has no rows, or is no table of changes.
        BadFile: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if table == "-" else Path(table).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadFile(f"Cannot read {table} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{table} is not UTF-8 ({error.reason}).") from error
    wishes = read_wishes(io.StringIO(text, newline=""))
    if not wishes:
        raise Invalid(f"{table} has no rows below its first line.")
    return wishes
