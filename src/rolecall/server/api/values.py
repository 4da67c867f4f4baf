"""What parameters and bodies may hold: bounded, printable, fit for the database."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Final

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

__all__ = ["Id", "Line", "Moment", "Note", "Problem", "Query", "TaskId"]

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def _printable(text: str) -> str:
    if any(unicodedata.category(one) in {"Cc", "Cs"} and one not in "\n\t" for one in text):
        raise ValueError("has characters that cannot be shown")
    return text


def _sensible(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError("is not between 2000 and 2200")
    return moment.astimezone(UTC)


Id = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9A-Za-z]{22}$")]
"""A public id."""
TaskId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{27}$")]
"""A task's id: a KSUID."""
Line = Annotated[str, StringConstraints(max_length=320), AfterValidator(_printable)]
"""A short text: a name, an address."""
Query = Annotated[str, StringConstraints(max_length=100), AfterValidator(_printable)]
"""What is searched for."""
Note = Annotated[str, StringConstraints(max_length=4096), AfterValidator(_printable)]
"""A longer text: a reason, a token."""
Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
"""A moment with its zone."""


class Problem(Schema):
    """An error, as RFC 9457 describes one."""

    title: str = Field(description="The class of the error: docs/reference/errors.md.")
    status: int
    detail: str = Field(description="What happened, for a person.")
    hint: str = Field(description="Who can do what about it.")
    request_id: str = Field(description="To quote when asking for help.")
    errors: list[str] = Field(default_factory=list, description="Of single parameters.")
