"""Second factors: authenticator apps, passkeys, recovery codes. Kept by allauth, sealed by us."""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from rolecall.server.keys import rotation
from rolecall.server.people.models import User
from rolecall.server.people.sealed import open_text, seal_text

__all__ = ["AAD", "end_all", "held", "register", "reseal"]

AAD = "people.factor"
_SECRETS = ("secret", "seed")
"""What allauth calls what an authenticator app and recovery codes are made from."""


def held(users: Iterable[int]) -> dict[int, list[str]]:
    """The kinds of factors by user."""
    rows = Authenticator.objects.filter(user__in=list(users)).values_list("user_id", "type")
    found: dict[int, list[str]] = {}
    for user, kind in rows:
        found.setdefault(user, []).append(kind)
    return found


def end_all(user: User) -> int:
    """Drop every factor of a user; how many."""
    return int(Authenticator.objects.filter(user=user).delete()[0])


@transaction.atomic
def reseal(active: str) -> int:
    """Seal each factor's secret with the active key; how many were not."""
    changed = 0
    for row in Authenticator.objects.select_for_update():
        data: dict[str, Any] = row.data
        old = [
            name for name in _SECRETS if name in data and not data[name].startswith(f"{active}:")
        ]
        if old:
            row.data = data | {name: seal_text(open_text(data[name], AAD), AAD) for name in old}
            row.save(update_fields=["data"])
            changed += 1
    return changed


def register() -> None:
    """Have every rotation of the keys seal factors again."""
    rotation.register("people", reseal)
