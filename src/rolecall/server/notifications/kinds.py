"""What Rolecall tells of by itself, and how somebody can want to hear of it."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.db.models import TextChoices

__all__ = ["ABOUT", "TRIAL", "About", "How", "Kind"]

TRIAL: Final = "webhook:trial"
"""The type of a message to the webhook that only shows whether messages arrive."""


class How(TextChoices):
    """How one person hears of one kind of thing."""

    NONE = "none", "Not at all"
    AT_ONCE = "at once", "At once"
    DIGEST = "digest", "In the daily mail"


class Kind(TextChoices):
    """What happened. The values stand in webhooks, and are never given another meaning."""

    FAILING = "connector:failing", "A connector fails"
    HELD = "connector:held", "A sync needs confirmation"
    MISSED = "connector:missed", "A connector is not seen"
    TOKEN = "connector:token", "A token is old or failing"
    OWNER = "owner:asked", "I was made an owner"
    DRIFT = "drift:open", "Somebody undid a change"
    PLAN = "plan:waiting", "A plan waits"
    STEP = "step:open", "Something has to be done by hand"
    POLICY = "policy:broken", "A policy is broken"
    EVIDENCE = "evidence:made", "A file I asked for is made"


@dataclass(frozen=True, kw_only=True)
class About:
    """One kind, explained."""

    when: str
    """When it is told, and to whom."""
    usual: How
    """For whoever has not chosen."""


ABOUT: Final = MappingProxyType({
    Kind.FAILING: About(
        when="Three syncs in a row failed: to the connector's owners.", usual=How.AT_ONCE
    ),
    Kind.HELD: About(
        when="A sync would end so much that it waits for a yes: to the connector's owners.",
        usual=How.AT_ONCE,
    ),
    Kind.MISSED: About(
        when="A self-hosted connector stopped calling: to its owners.", usual=How.AT_ONCE
    ),
    Kind.TOKEN: About(
        when="A token will not work for long: to the connector's owners.", usual=How.AT_ONCE
    ),
    Kind.OWNER: About(
        when="Somebody made you an owner of a connector or an app.", usual=How.AT_ONCE
    ),
    Kind.DRIFT: About(
        when="A sync shows that a change of ours was undone elsewhere: to the app's owners.",
        usual=How.AT_ONCE,
    ),
    Kind.PLAN: About(
        when="A plan was not applied for a day: to the app's owners.", usual=How.DIGEST
    ),
    Kind.STEP: About(
        when="No interface can do it, so a person must: to the app's owners, or who is given it.",
        usual=How.AT_ONCE,
    ),
    Kind.POLICY: About(
        when="More people hold a role than a policy allows, or others: to the app's owners.",
        usual=How.AT_ONCE,
    ),
    Kind.EVIDENCE: About(
        when="A large evidence file that you asked for is ready, or could not be made.",
        usual=How.AT_ONCE,
    ),
})  # fmt: skip
