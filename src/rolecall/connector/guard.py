"""What must never happen, whoever asks. Pure: judges a step against facts that others have read.

Three rules: the last workspace owner stays; the owner whose token we use stays; no more people are
changed in an hour than anybody would change by hand. They are asked again before every single
request, against what Notion shows at that moment, so no order of operations gets around them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ALLOWED",
    "CAP_PEOPLE",
    "CAP_SHARE",
    "Allowed",
    "Denied",
    "Facts",
    "Reach",
    "cap",
    "judge",
]

CAP_PEOPLE: Final = 10
CAP_SHARE: Final = 0.05
"""People, and share of all members, that may be changed within an hour; the larger counts."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class Denied:
    """It must not be done."""

    why: str
    way_out: str


ALLOWED: Final = Allowed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom a step reaches."""

    people: Collection[str]
    """Ids of everybody whose access changes."""

    takes_owner: str = ""
    """Id of the person who stops being a workspace owner."""

    removes: str = ""
    """Id of the person who leaves the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a judgement rests on."""

    token_owner: str
    """Id of the person whose token we use, or "" if nobody has said."""

    another_owner: str
    """Id of another workspace owner, seen in Notion just now; "" if none was found."""

    changed: Collection[str]
    """Ids of the people changed within the last hour, from the journal."""

    members: int
    """How many members the workspace has."""

    agreed: int = 0
    """How many people a person has explicitly agreed to change (`--yes-really N`)."""


def cap(members: int) -> int:
    """How many people may be changed within an hour."""
    return max(CAP_PEOPLE, int(members * CAP_SHARE))


def judge(reach: Reach, facts: Facts) -> Allowed | Denied:
    """Whether a step may be carried out."""
    if (lost := reach.removes or reach.takes_owner) and lost == facts.token_owner:
        return Denied(
            "The token that we use belongs to this person: it dies when they leave or lose the "
            "role, and nothing could be undone.",
            "Let another owner make a token, and use that one.",
        )
    if reach.takes_owner and not facts.another_owner:
        return Denied(
            "No other workspace owner was found: without an owner nobody runs the workspace.",
            "Make somebody else owner first, or name one with --other-owner.",
        )
    return _within_cap(reach, facts)


def _within_cap(reach: Reach, facts: Facts) -> Allowed | Denied:
    """Each person counts once, however often they are changed."""
    after = set(facts.changed) | set(reach.people)
    limit = cap(facts.members)
    if not set(reach.people) - set(facts.changed) or len(after) <= max(limit, facts.agreed):
        return ALLOWED
    return Denied(
        f"This would make {len(after)} people changed within an hour; {limit} are allowed "
        f"(the larger of {CAP_PEOPLE} and {CAP_SHARE:.0%} of {facts.members} members).",
        f"If that is meant, say so with the exact number: --yes-really {len(after)}.",
    )
