"""Fills the demo's installation: an administrator who can log in, a connector, two syncs.

Runs while `rolecall up` does, by the use cases that the pages call. Prints one JSON object.
What needs Django is imported when Django is there.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from demo import move

from rolecall.server.project.installation import Installation

LONG_S = 300.0
DOMAIN = "larkspur.example"
"""The simulated company's own mail domain."""


def main(data: Path) -> None:
    """Fill the installation in this data folder."""
    with Installation(data=data).django("the demo"):
        print(json.dumps({"login": administrator(), **connector()}))


def administrator() -> dict[str, str]:
    """The first administrator, with a password: as if the one-time link had been followed."""
    from rolecall.server.people.models import RoleAssignment, User
    from rolecall.server.people.passwords import set_password

    user = User.objects.get(roles__role=RoleAssignment.Role.SUPER)
    password = secrets.token_urlsafe(9)
    set_password(user, password)
    return {"email": user.email, "password": password}


def connector() -> dict[str, object]:
    """A connector that is connected, and has seen what changed between two syncs."""
    from rolecall.server import clock
    from rolecall.server.access.settings import set_domains
    from rolecall.server.audit.trail import Actor
    from rolecall.server.connectors.models import Task
    from rolecall.server.connectors.services import add, credential, running
    from rolecall.server.people.models import User

    user = User.objects.get()
    actor = Actor(kind="person", id=user.public_id, name=str(user), user=user.pk)
    made = add.add(
        actor, name="Notion", target=add.NewApp(name="Notion"), owners=[user.public_id],
        now=clock.now(),
    )  # fmt: skip
    set_domains(actor, made.app.public_id, [DOMAIN], now=clock.now())
    tokens = {
        "scim_token": os.environ["BATON_SCIM_TOKEN"],
        "api_key": os.environ["BATON_API_KEY"],
    }
    credential.give(actor, made.public_id, tokens, save=True, now=clock.now())

    def syncs(count: int) -> Callable[[], bool]:
        done = made.tasks.filter(kind=Task.Kind.SYNC)
        return lambda: done.filter(state=Task.State.DONE).count() >= count

    wait_for(syncs(1), made.tasks)
    moves = move(dict(os.environ))
    running.sync_now(actor, made.public_id, now=clock.now())
    wait_for(syncs(2), made.tasks)
    made.refresh_from_db()
    return {
        "app": made.app.public_id,
        "state": made.get_state_display(),
        "moves": moves,
    }


def wait_for(so: Callable[[], bool], tasks: object) -> None:
    """Wait until it is so; ends the process with what the tasks say if that takes too long."""
    until = time.monotonic() + LONG_S
    while not so():
        if time.monotonic() > until:
            told = [(one.kind, one.state, one.message) for one in tasks.all()]  # type: ignore[attr-defined]
            sys.exit(f"demo: it does not get connected: {told}")
        time.sleep(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
