"""Fills the demo's installation: an administrator who can log in, two connectors, two syncs.

Runs while `rolecall up` does, by the use cases that the pages call. Prints one JSON object, which
holds the credential of the self-hosted connector. What needs Django is imported when Django is
there.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo import move, state

from rolecall.server.project.installation import Installation

if TYPE_CHECKING:
    from rolecall.server.audit.trail import Actor

__all__ = ["LABS", "administrator", "wait_for"]

LABS = "Notion Labs"
"""The second workspace, and the app that it becomes."""
LONG_S = 300.0
DOMAIN = "larkspur.example"
"""The simulated company's own mail domain."""


def main(data: Path) -> None:
    """Fill the installation in this data folder."""
    with Installation(data=data).django("the demo"):
        login, actor = first_login(), administrator()
        print(json.dumps({"login": login, **hosted(actor), "client": self_hosted(actor)}))


def first_login() -> dict[str, str]:
    """The first administrator, with a password: as if the one-time link had been followed."""
    from rolecall.server.people.models import RoleAssignment, User
    from rolecall.server.people.passwords import set_password

    user = User.objects.get(roles__role=RoleAssignment.Role.SUPER)
    password = secrets.token_urlsafe(9)
    set_password(user, password)
    return {"email": user.email, "password": password}


def administrator() -> "Actor":
    """Who does everything here."""
    from rolecall.server.audit.trail import Actor
    from rolecall.server.people.models import User

    user = User.objects.get()
    return Actor(kind="person", id=user.public_id, name=str(user), user=user.pk)


def hosted(actor: "Actor") -> dict[str, object]:
    """A connector that the server runs itself, and has seen what changed between two syncs."""
    from rolecall.server import clock
    from rolecall.server.access.settings import set_domains
    from rolecall.server.connectors.models import Task
    from rolecall.server.connectors.services import add, credential, running

    made = add.add(
        actor, name="Notion", target=add.NewApp(name="Notion"), owners=[actor.id],
        now=clock.now(),
    )  # fmt: skip
    set_domains(actor, made.app.public_id, [DOMAIN], now=clock.now())
    tokens = {
        "scim_token": os.environ["BATON_SCIM_TOKEN"],
        "api_key": os.environ["BATON_API_KEY"],
    }
    credential.give(
        actor, made.public_id, tokens, made_by=token_maker(), save=True, now=clock.now()
    )

    def syncs(count: int) -> Callable[[], bool]:
        done = made.tasks.filter(kind=Task.Kind.SYNC)
        return lambda: done.filter(state=Task.State.DONE).count() >= count

    wait_for(syncs(1), made.tasks)
    moves = move(dict(os.environ))
    running.sync_now(actor, made.public_id, now=clock.now())
    wait_for(syncs(2), made.tasks)
    made.refresh_from_db()
    return {"app": made.app.public_id, "state": made.get_state_display(), "moves": moves}


def self_hosted(actor: "Actor") -> dict[str, str]:
    """A connector that calls us: what its process has to know, as Rotate shows it."""
    from datetime import timedelta

    from rolecall.server import clock
    from rolecall.server.connectors.services import add, clients

    made = add.add(
        actor, name=LABS, target=add.NewApp(name=LABS), owners=[actor.id], kind="baton",
        now=clock.now(),
    )  # fmt: skip
    issued = clients.rotate(actor, made.public_id, overlap=timedelta(), now=clock.now())
    return {"BATON_CLIENT_ID": issued.client_id, "BATON_CLIENT_SECRET": issued.client_secret}


def token_maker() -> str:
    """The address of whoever made the SCIM token: removing them would end it."""
    there = state(dict(os.environ))
    maker = there["tokens"][0]["creator"]
    return next(str(one["email"]) for one in there["members"] if one["id"] == maker)


def wait_for(so: Callable[[], bool], rows: Any) -> None:  # noqa: ANN401 - tasks or orders
    """Wait until it is so; if that takes too long, end the process with what the rows say."""
    until = time.monotonic() + LONG_S
    while not so():
        if time.monotonic() > until:
            sys.exit(f"demo: it takes too long: {[vars(one) for one in rows.all()]}")
        time.sleep(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
