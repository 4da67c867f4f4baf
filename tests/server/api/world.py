"""One row of everything that an address can name, and everybody who might ask for it."""

import io
from dataclasses import dataclass
from datetime import timedelta

from cast import NOW, PASSWORD, Role, a_user, acting, scoped
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

from rolecall.server.access.models import Account, App, Change, Entitlement, Presence, Sync
from rolecall.server.audit.models import Event
from rolecall.server.connectors.models import Client, Connector, Hold, Task
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.files.store import store
from rolecall.server.ids import new_id
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order
from rolecall.server.people import apikeys
from rolecall.server.people.models import User
from rolecall.server.people.persons import Draft, add
from rolecall.server.people.sessions import SessionStore
from rolecall.server.policies.models import RolePolicy
from rolecall.server.saved.models import SavedView
from rolecall.server.seats.models import SeatPlan

TASK = "0ujsszwN8NRY24YaXiTIE2VWDTS"
EVERYBODY = ["nobody", "no role", *Role, "app owner elsewhere", "connector owner elsewhere"]
"""Everybody: the roles, and owners of something else."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What there is: parameter of an address → value; name → user."""

    named: dict[str, str]
    users: dict[str, User | None]
    secret: str
    """An API key of the super administrator's, for everything."""


def the_world() -> World:
    """Make it."""
    ada = a_user("ada@example.com", Role.SUPER, password=PASSWORD)
    app = App.objects.create(name="Acme", created_at=NOW)
    connector = Connector.objects.create(app=app, name="Notion of Acme", created_at=NOW)
    person = add(acting(ada), Draft(name="Pia", emails=["pia@example.com"]), now=NOW)
    sync = _synced(app)
    account = _account(app, sync)
    task, hold = _task(connector, sync)
    _own, secret = apikeys.make(acting(ada), name="all", scopes=["*"], now=NOW)
    roster = store(
        io.BytesIO(b"name,email\nQuin,quin@example.com\n"),
        kind="roster", name="roster.csv", now=NOW, expires_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    subject = a_user("subject@example.com", Role.MEMBER, password=PASSWORD)
    key, _secret = apikeys.make(acting(subject), name="theirs", scopes=["*"], now=NOW)
    entitlement = Entitlement.objects.get(kind="role")
    order, drift, step = _decided(app, account, sync)
    client = Client.objects.create(
        connector=connector, client_id="x@localhost/1", public_key={}, made_at=NOW, made_by="Ada"
    )
    policy = RolePolicy.objects.create(role="membership_admin", changed_at=NOW, changed_by="Ada")
    SeatPlan.objects.create(app=app, price=10, currency="EUR", changed_at=NOW, changed_by="Ada")
    named = {
        "app": app.public_id, "app_id": app.public_id,
        "account": account.public_id, "account_id": account.public_id,
        "entitlement": entitlement.public_id, "entitlement_id": entitlement.public_id,
        "connector": connector.public_id, "connector_id": connector.public_id,
        "task": task.pk, "task_id": task.pk,
        "decision": order.decision.public_id, "decision_id": order.decision.public_id,
        "order": order.public_id, "order_id": order.public_id,
        "drift": drift.public_id, "drift_id": drift.public_id,
        "step": step.public_id, "step_id": step.public_id, "client": client.public_id,
        "evidence": (evidence := _evidence(app, ada)).public_id, "evidence_id": evidence.public_id,
        "policy": policy.public_id, "policy_id": policy.public_id,
        "hold": hold.public_id, "hold_id": hold.public_id,
        "person": person.public_id, "person_id": person.public_id,
        "user": subject.public_id, "user_id": subject.public_id,
        "event": Event.objects.first().public_id, "event_id": Event.objects.first().public_id,
        "key": key.public_id, "session": _logged_in(subject), "file_id": roster.public_id,
        "role": Role.MEMBER,
        "kind": "notion", "what": "name", "slot": "scim_token", "pk": "1",
        "view": (view := _saved(subject)).public_id, "view_id": view.public_id,
        "token": "lnk_x.y", "provider_id": "sso",
    }  # fmt: skip
    return World(named=named, users=_everybody(app, connector, ada), secret=secret)


def _logged_in(user: User) -> str:
    """A session of theirs, in some browser."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.row.public_id


def _saved(user: User) -> SavedView:
    return SavedView.objects.create(
        user=user, name="Theirs", path="/apps/", shared=True, created_at=NOW, changed_at=NOW
    )


def _everybody(app: App, connector: Connector, ada: User) -> dict[str, User | None]:
    owners = {Role.APP_OWNER: app.public_id, Role.CONNECTOR_OWNER: connector.public_id}
    users: dict[str, User | None] = {
        "nobody": None,
        "no role": a_user("plain@example.com", password=PASSWORD),
    }
    for role in Role:
        if role in owners:
            users[role] = scoped(
                a_user(f"{role}@example.com", password=PASSWORD), role, owners[role]
            )
        else:
            users[role] = a_user(f"{role}@example.com", role, password=PASSWORD)
    users[Role.SUPER] = ada
    for role, prefix in ((Role.APP_OWNER, "app"), (Role.CONNECTOR_OWNER, "con")):
        words = f"{role.label.lower()} elsewhere"
        users[words] = scoped(
            a_user(f"else.{prefix}@example.com", password=PASSWORD), role, new_id(prefix)
        )
    return users


def _synced(app: App) -> Sync:
    app.last_sync = Sync.objects.create(
        app=app, number=1, baton_id="s", started_at=NOW, ended_at=NOW, applied_at=NOW,
        completeness="full", complete_types=["user", "group", "role"],
    )  # fmt: skip
    app.save()
    return app.last_sync


def _account(app: App, sync: Sync) -> Account:
    role = Entitlement.objects.create(
        app=app, kind="role", external_id="role:member", name="Member", slug="assigned"
    )
    account = Account.objects.create(
        app=app, external_id="u1", name="Pia", email="pia@example.com", emails=["pia@example.com"],
        role=role, first_seen_at=NOW, last_changed_at=NOW,
    )  # fmt: skip
    Presence.objects.create(account=account, from_at=NOW, observed_at=NOW, first_sync=sync)
    account.grants.create(entitlement=role, from_at=NOW, observed_at=NOW, first_sync=sync)
    account.descriptions.create(
        name="Pia", email="pia@example.com", from_at=NOW, observed_at=NOW, first_sync=sync
    )
    Change.objects.create(app=app, sync=sync, at=NOW, kind="joined", account=account)
    return account


def _task(connector: Connector, sync: Sync) -> tuple[Task, Hold]:
    file = store(io.BytesIO(b"bytes"), kind="c1z", name="x.c1z", now=NOW)
    task = Task.objects.create(
        id=TASK, connector=connector, kind="sync", trigger="hand", asked_by="Ada", state="held",
        sync=sync, file=file, created_at=NOW,
    )  # fmt: skip
    task.lines.create(attempt=1, at=NOW, level="info", text="begun")
    return task, Hold.objects.create(task=task, kind="shrink", facts={}, raised_at=NOW)


def _evidence(app: App, user: User) -> EvidenceFile:
    """A large file about the app, ready for years to come."""
    file = store(io.BytesIO(b"bytes"), kind="evidence", name="acme.csv", now=NOW)
    return EvidenceFile.objects.create(
        user=user, app=app, scopes=[app.public_id], form="csv", until=NOW, question="all",
        state="ready", name="acme.csv", file=file, asked_at=NOW,
        expires_at=NOW + timedelta(days=36500),
    )  # fmt: skip


def _decided(app: App, account: Account, sync: Sync) -> tuple[Order, Drift, ManualStep]:
    """A decision of one order, which was verified, undone by somebody, and is one by hand too."""
    decision = Decision.objects.create(
        app=app, title="Remove Pia", decided_by="Ada", authority="super_administrator",
        state="applied", created_at=NOW,
    )  # fmt: skip
    order = Order.objects.create(
        decision=decision, app=app, operation="remove_account", account=account,
        effect=f"account {account.public_id}", state="verified", created_at=NOW, ordered_at=NOW,
        applied_at=NOW, verified_at=NOW,
    )  # fmt: skip
    drift = Drift.objects.create(app=app, order=order, sync=sync, found_at=NOW)
    step = ManualStep.objects.create(order=order, instructions=["Remove Pia."], created_at=NOW)
    return order, drift, step
