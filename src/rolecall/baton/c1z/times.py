"""Times as a c1z stores them: text that sorts like the time it means.

Always UTC. The Go SDK writes local wall-clock time without a zone and reads it back as UTC, so its
files are off by the offset outside UTC; text alone cannot tell, and we read it as UTC as every
Baton tool does.
"""

import re
from datetime import UTC, datetime

from rolecall.errors import BadFile

__all__ = ["from_text", "to_text"]

# "2026-11-21 01:27:56.663889402 +0000 UTC m=+0.1": how Go prints a time that nobody formatted.
_GO_TAIL = re.compile(r" ?([+-]\d{2}):?(\d{2})(?: [A-Z][A-Za-z0-9+-]*)?(?: m=\S+)?$")


def to_text(moment: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS.ffffff` in UTC, zeros at the end of the fraction left out.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    whole = plain.replace(microsecond=0).isoformat(sep=" ")
    fraction = f"{plain.microsecond:06d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def from_text(text: str) -> datetime:
    """Read any form that Baton writers have used; without a zone it is UTC.

    Nanoseconds are cut to microseconds.

    Raises:
        BadFile: it is no time.
    """
    tidy = _GO_TAIL.sub(r"\1:\2", text.strip())
    try:
        moment = datetime.fromisoformat(tidy)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadFile(
            f"The file holds {text[:40]!r} where a time belongs.",
            hint="It is damaged, or written by a tool that we do not know.",
        ) from error
