"""Tell of policies that are broken: to the owners of the app, once for each change behind it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from rolecall.server.access.models import App, Grant
from rolecall.server.access.telling import tell
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News
from rolecall.server.policies.models import RolePolicy
from rolecall.server.policies.standing import Standing, standings

__all__ = ["tell_of_broken"]


@transaction.atomic
def tell_of_broken(now: datetime) -> int:
    """Tell of each role that is not held as its policy wants; of how many."""
    if not RolePolicy.objects.exists():
        return 0
    found = standings(App.objects.filter(state=App.State.MANAGED))
    return sum(_tell_of(one, one.policy, now) for one in found if one.policy and one.faults)


def _tell_of(standing: Standing, policy: RolePolicy, now: datetime) -> bool:
    role, app = standing.role.label.lower(), standing.app
    news = News(
        kind=Kind.POLICY,
        event=_event(standing, policy),
        subject=f"{app.name} breaks the policy about its {role}s",
        text=f"{standing.holders:,} hold the role {role} in {app.name}: "
        f"{'; '.join(standing.faults)}.\n\nEnd what should not be, or correct the policy.",
        link="/administrators/",
    )
    return tell(app, news, now=now) > 0


def _event(standing: Standing, policy: RolePolicy) -> str:
    """Another one whenever the policy, or who holds the role, has changed."""
    grants = Grant.objects.filter(entitlement=standing.entitlement)
    ends = grants.aggregate(began=Max("from_at"), ended=Max("until_at"))
    moments = [policy.changed_at, *(at for at in ends.values() if at is not None)]
    newest = int(max(moments).timestamp())
    return f"policy:broken:{policy.public_id}:{standing.entitlement.public_id}:{newest}"
