"""Changes access in the demo's installation, through both of its connectors.

One decision that is applied and verified, by the hosted connector; one that the self-hosted one
has carried out and then undone; and one plan that waits for somebody to apply it. Prints one JSON
object: which they are, and what must be so in the two workspaces now.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo_seed import LABS, administrator, wait_for

from rolecall.server.project.installation import Installation

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from rolecall.server.access.models import Account, App, Entitlement
    from rolecall.server.orders.models import Decision
    from rolecall.server.orders.wishes import Wish

MANY, FEW = 8, 3
"""How many people get into a group, and how many get a role."""


def main(data: Path) -> None:
    """Wait for the self-hosted connector's first sync, then decide."""
    with Installation(data=data).django("the demo"):
        from rolecall.server.access.models import App

        company, labs = App.objects.get(name="Notion"), App.objects.get(name=LABS)
        rows = labs.connectors.all()
        wait_for(lambda: rows.filter(last_success_at__isnull=False).exists(), rows)
        print(json.dumps({
            "app": labs.public_id,
            "state": rows.get().get_state_display(),
            "connector": rows.get().public_id,
            "done": joined(company),
            "undone": promoted_and_back(labs),
            "waiting": leavers(company),
        }))  # fmt: skip


def joined(app: "App") -> dict[str, Any]:
    """People who come into a group, verified."""
    from rolecall.server.orders.wishes import Wish

    group = app.entitlements.filter(kind="group", present=True).order_by("name")[0]
    outside = list(having(app, "member").exclude(grants__entitlement=group)[:MANY])
    wishes = [
        Wish(operation="grant", account=one.public_id, entitlement=group.public_id)
        for one in outside
    ]
    decision = decide(app, wishes, f"New starters join {group.name}", "They begin on Monday.")
    return {
        "decision": carried_out(decision),
        "group": own_id(group),
        "people": [one.external_id for one in outside],
    }


def promoted_and_back(app: "App") -> dict[str, Any]:
    """People who got a role and lost it again, both verified."""
    from rolecall.server import clock
    from rolecall.server.orders import undoing
    from rolecall.server.orders.wishes import Wish

    role = app.entitlements.get(kind="role", resource__external_id="membership_admin")
    people = list(having(app, "member")[:FEW])
    wishes = [
        Wish(operation="grant", account=one.public_id, entitlement=role.public_id) for one in people
    ]
    decision = decide(app, wishes, "Membership admins for the audit", "Until the audit is over.")
    carried_out(decision)
    back = undoing.undo(
        administrator(), decision.public_id, reason="The audit was called off.", now=clock.now()
    )
    return {
        "decision": decision.public_id,
        "undo": carried_out(back),
        "people": [one.external_id for one in people],
        "role": "member",
    }


def leavers(app: "App") -> dict[str, Any]:
    """A plan that nobody has applied: some can be done, one only by hand."""
    from rolecall.server.orders.wishes import Wish

    token = app.connectors.get().secrets.exclude(made_by="").first()
    maker = app.accounts.filter(emails__contains=[token.made_by if token else ""])
    people = [*having(app, "member").order_by("-id")[:FEW], *maker]
    wishes = [Wish(operation="remove_account", account=one.public_id) for one in people]
    plan = decide(app, wishes, "Leavers of November", "Their contracts have ended.")
    return {"decision": plan.public_id, "people": [one.external_id for one in people]}


def decide(app: "App", wishes: "Sequence[Wish]", title: str, reason: str) -> "Decision":
    """Plan it."""
    from rolecall.server import clock
    from rolecall.server.orders import deciding

    return deciding.plan(
        administrator(), app.public_id, wishes, title=title, reason=reason, now=clock.now()
    )


def carried_out(decision: "Decision") -> str:
    """Apply it, and wait until each of its orders is verified; its id."""
    from rolecall.server import clock
    from rolecall.server.orders import deciding

    now = clock.now()
    agreed = deciding.agreement(decision, now=now)
    deciding.apply(administrator(), decision.public_id, agreed=agreed, now=now)
    open_ones = decision.orders.exclude(state="verified")
    wait_for(lambda: not open_ones.exists(), open_ones)
    return decision.public_id


def having(app: "App", role: str) -> "QuerySet[Account]":
    """Accounts that have this role, in the order in which they were first seen."""
    return app.accounts.filter(present=True, role__resource__external_id=role).order_by("id")


def own_id(entitlement: "Entitlement") -> str:
    """Notion's id of a group or role."""
    return entitlement.resource.external_id if entitlement.resource else ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
