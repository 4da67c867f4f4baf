"""A small company as rows: what pages show, without a connector that has to bring it.

`Company.build()` makes it; tests change what they are about.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value
from django.test import Client

from rolecall.server.access import changed
from rolecall.server.access import models as access
from rolecall.server.audit.trail import SYSTEM, record
from rolecall.server.connectors import models as connectors
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.people import models as people
from rolecall.server.people.sessions import SessionStore

NOW = datetime.now(UTC).replace(microsecond=0)
Kind = access.Entitlement.Kind
FIRST_NAMES = ["Ana", "Boris", "Chidi", "Dana", "Emil", "Fatma", "Goran", "Hana", "Ivo", "June"]
LAST_NAMES = ["Costa", "Doe", "Eze", "Fischer", "Grau", "Haddad", "Ito", "Jansen"]
HOSTILE = "<script>alert(1)</script> =cmd|' /C calc'!A0"


def a_user(*roles: str, name: str = "Olga Owner", email: str = "", scope: str = "") -> people.User:
    """Somebody who logs in, with these roles."""
    email = email or f"{name.lower().replace(' ', '.')}@acme.example"
    user = people.User.objects.create_user(email, None, name=name, created_at=NOW)
    for role in roles or ("super_administrator",):
        people.RoleAssignment.objects.create(
            user=user, role=role, scope=scope, from_at=NOW, granted_by="the test"
        )
    return user


def cookie_of(user: people.User) -> str:
    """What a browser holds in which this user is logged in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def log_in(client: Client, user: people.User) -> Client:
    """Let a client go on as this user."""
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie_of(user)
    return client


def a_sync(app: access.App, number: int, at: datetime, **facts) -> access.Sync:
    """A sync that was applied to an app; the newest so far."""
    sync = access.Sync.objects.create(
        app=app, number=number, baton_id=f"sync{number}", started_at=at,
        ended_at=at + timedelta(seconds=4), completeness="full",
        complete_types=["user", "group", "role"], applied_at=at + timedelta(seconds=5), **facts,
    )  # fmt: skip
    app.last_sync = sync
    app.save()
    return sync


@dataclass(frozen=True, kw_only=True)
class Company:
    """What was made."""

    app: access.App
    connector: connectors.Connector
    accounts: list[access.Account]
    roles: list[access.Entitlement]
    groups: list[access.Entitlement]
    syncs: list[access.Sync]
    user: people.User
    person: people.Person

    @classmethod
    def build(cls, accounts: int = 60) -> "Company":
        """An app with so many accounts, three roles, four groups, two syncs, one connector."""
        user = a_user()
        app = access.App.objects.create(
            name="Acme workspace", description="The whole company writes here.",
            domains=["acme.example"], created_at=NOW - timedelta(days=40),
        )  # fmt: skip
        shift = {"before": 0, "added": accounts, "changed": 0, "removed": 0}
        counts = {"accounts": shift, "resources": shift, "grants": {"role": shift}}
        syncs = [
            a_sync(app, number, NOW - timedelta(days=days), counts=counts)
            for number, days in ((1, 30), (2, 1))
        ]
        names = ["Workspace owner", "Member", "Restricted member"]
        roles = [_entitlement(app, Kind.ROLE, name) for name in names]
        groups = [
            _entitlement(app, Kind.GROUP, name)
            for name in ("Design", "Engineering", "Board", HOSTILE)
        ]
        _entitlement(app, Kind.ACCOUNT, "Has an account")
        made = [
            _account(number, app=app, roles=roles, groups=groups, sync=syncs[0])
            for number in range(accounts)
        ]
        connector = _connector(app, user, syncs[1])
        built = cls(
            app=app, connector=connector, accounts=made, roles=roles, groups=groups, syncs=syncs,
            user=user, person=_person(made[4]),
        )  # fmt: skip
        built._tell()
        return built

    def _tell(self) -> None:
        """Some history, and the columns that taking in keeps."""
        first, second = self.accounts[:2]
        for kind, account, now, before in (
            ("joined", first, None, None),
            ("role changed", second, self.roles[0], self.roles[1]),
            ("added to", second, self.groups[0], None),
        ):
            access.Change.objects.create(
                app=self.app, sync=self.syncs[1], at=self.syncs[1].started_at, kind=kind,
                account=account, entitlement=now, before=before,
            )  # fmt: skip
        for one in access.Entitlement.objects.all():
            held = one.grants.filter(until_at=None)
            there = self.app.accounts.filter(present=True)
            one.holders = (there if one.kind == Kind.ACCOUNT else held).count()
            one.save()
        access.Account.objects.update(search=SearchVector("name", "email", config="simple"))
        access.Entitlement.objects.update(search=SearchVector("name", Value(""), config="simple"))
        changed.tell(self.app, since=self.syncs[0].started_at)


def _entitlement(app: access.App, kind: str, name: str) -> access.Entitlement:
    resource = access.Resource.objects.create(app=app, kind=kind, external_id=name, name=name)
    return access.Entitlement.objects.create(
        app=app, resource=resource, kind=kind, external_id=f"{kind}:{name}", name=name,
        slug="member" if kind == Kind.GROUP else "assigned",
    )  # fmt: skip


def _account(number, *, app, roles, groups, sync) -> access.Account:
    first, last = FIRST_NAMES[number % 10], LAST_NAMES[number % 8]
    name = HOSTILE if number == 7 else f"{first} {last} {number}"
    email = f"{first}.{last}.{number}@{'else.example' if number % 11 == 3 else 'acme.example'}"
    email = email.lower()
    role = roles[0 if number % 20 == 0 else 1 if number % 3 else 2]
    held = [group for at, group in enumerate(groups) if number % (at + 2) == 0]
    at = sync.started_at
    account = access.Account.objects.create(
        app=app, external_id=f"user-{number}", name=name, email=email, emails=[email],
        status="disabled" if number % 9 == 4 else "enabled", seat=role != roles[2],
        attributes={"title": "Designer", "userName": email}, role=role, groups=len(held),
        external=email.endswith("else.example"), first_seen_at=at, last_changed_at=at,
        link="unmatched" if number % 4 else "unlinked",
    )  # fmt: skip
    period = {"from_at": at, "observed_at": at, "first_sync": sync}
    access.Presence.objects.create(account=account, **period)
    access.AccountAttributes.objects.create(account=account, name=name, email=email, **period)
    for entitlement in [role, *held]:
        access.Grant.objects.create(account=account, entitlement=entitlement, **period)
    return account


def _person(account) -> people.Person:
    """Whose account this is, by hand."""
    person = people.Person.objects.create(
        name=account.name, department="Design", created_at=NOW, changed_at=NOW
    )
    people.PersonEmail.objects.create(
        person=person, address=account.email, folded=account.email, primary=True
    )
    access.PersonLink.objects.create(
        account=account, person=person, how="hand", set_by="Olga Owner", from_at=NOW
    )
    account.person, account.link = person, "linked"
    account.save()
    return person


def _connector(app, user, sync) -> connectors.Connector:
    connector = connectors.Connector.objects.create(
        app=app, name="Notion", state="connected", created_at=NOW - timedelta(days=40),
        last_success_at=sync.applied_at, due_at=NOW + timedelta(minutes=20),
        capabilities={
            "accounts": {"given": True, "why": ""},
            "last activity": {"given": False, "why": "Notion's SCIM does not say it."},
        },
    )  # fmt: skip
    people.RoleAssignment.objects.create(
        user=user, role="connector_owner", scope=connector.public_id, from_at=NOW,
        granted_by="the test",
    )  # fmt: skip
    connectors.Secret.objects.create(
        connector=connector, slot="scim_token", state="current", sealed=b"x", key_id="k1",
        hint="Q4dZ", set_at=NOW - timedelta(days=20), set_by="Olga Owner",
    )  # fmt: skip
    task = a_run(connector, sync=sync)
    with transaction.atomic():
        record(SYSTEM, "connector:sync:apply", connector, now=NOW, scope=connector.public_id,
               task=task.pk)  # fmt: skip
    return connector


def a_run(connector, *, sync=None, state="done", **facts) -> connectors.Task:
    """A sync of a connector with three log lines."""
    at = NOW - timedelta(hours=1)
    number = connectors.Task.objects.count()
    task = connectors.Task.objects.create(
        id=f"2aTestTask{number:017}", connector=connector, kind="sync", trigger="schedule",
        asked_by="the schedule", state=state, attempt=1, created_at=at, started_at=at,
        ended_at=None if state in {"queued", "running"} else at + timedelta(seconds=64),
        sync=sync, **facts,
    )  # fmt: skip
    for second, (level, text) in enumerate(
        [("info", "Reading members"), ("warn", "One record is damaged"), ("info", "60 accounts")]
    ):
        connectors.LogLine.objects.create(
            task=task, attempt=1, at=at + timedelta(seconds=second), level=level, text=text
        )
    return task


def a_hold(connector) -> connectors.Hold:
    """A sync that would end too much, and waits."""
    task = a_run(
        connector,
        state="held",
        message="33 of 60 members would end. Nothing was applied.",
    )
    connector.state = "needs_confirmation"
    connector.save()
    return connectors.Hold.objects.create(
        task=task,
        kind="shrink",
        facts={
            "accounts": {"before": 60, "added": 0, "changed": 0, "removed": 33},
            "grants": {"role": {"before": 60, "added": 0, "changed": 0, "removed": 33}},
            "overlap": 0.45,
            "examples": [{"kind": "account", "account": "acc_gone", "name": HOSTILE, "of": ""}],
        },
        raised_at=NOW,
    )


def a_file_in_making(company):
    """A large evidence file that a worker is at."""
    return EvidenceFile.objects.create(
        user=company.user, app=company.app, scopes=[company.app.public_id], form="csv", until=NOW,
        question="all", attempt=1, rows=300_000, rows_expected=1_200_000, asked_at=NOW,
        started_at=NOW,
    )  # fmt: skip
