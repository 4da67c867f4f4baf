"""Which syncs are not applied without a yes: those that look like a loss, or like somebody else's.

Pure: it looks at what would change, and says what is wrong with it, or nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from rolecall.server.access.intake import Preview, Shift
from rolecall.server.connectors.models import Hold

__all__ = ["LEAST_OVERLAP", "Held", "judge"]

LEAST_OVERLAP: Final = 0.5
"""Share of ids in common with what is there; below it, it is another workspace."""

_WORDS: Final = {"account": "members", "role": "role assignments", "group": "group memberships"}
_EXAMPLES: Final = 200


class Held(Exception):
    """Not applied: a person must look first.

    Args:
        kind: of `Hold.Kind`.
        message: what would happen, in one sentence.
        facts: counts and examples, for the page.
    """

    def __init__(self, kind: str, message: str, facts: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.kind, self.message, self.facts = kind, message, dict(facts)


def judge(preview: Preview, *, shrink_percent: int, overlap_check: bool) -> None:
    """Let it pass, or not.

    Raises:
        Held: most of what is there would end, or it looks like another workspace.
    """
    if overlap_check and preview.overlap is not None and preview.overlap < LEAST_OVERLAP:
        share = f"{preview.overlap:.0%}"
        message = (
            f"This looks like another workspace: {share} of it is known here. Nothing was applied."
        )
        raise Held(Hold.Kind.OTHER_WORKSPACE, message, _facts(preview))
    if shrinking := preview.shrinking(shrink_percent):
        told = " and ".join(_sentence(kind, shift) for kind, shift in shrinking.items())
        message = f"{told} would end. Nothing was applied."
        raise Held(Hold.Kind.SHRINK, message, _facts(preview))


def _sentence(kind: str, shift: Shift) -> str:
    return f"{shift.ended:,} of {shift.before:,} {_WORDS.get(kind, kind)}"


def _facts(preview: Preview) -> dict[str, Any]:
    return {
        **preview.as_json(),
        "overlap": preview.overlap,
        "examples": [
            {"kind": one.kind, "account": one.account, "name": one.name, "of": one.of}
            for one in preview.examples(_EXAMPLES)
        ],
    }
