"""After any sequence of syncs and changes, every past moment is as an independent oracle says."""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from access_app import HOUR, NOON
from django.db import transaction
from history_oracle import Oracle
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st
from workspaces import GROUPS_AFTER, MEMBERS_AFTER, TAKES, Workspace, a_workspace, write

from rolecall.errors import Conflict
from rolecall.server.access import asof
from rolecall.server.access.intake import take_in
from rolecall.server.access.models import Account, App, Change, Entitlement, Grant, Presence

PEOPLE = "abcd"
GROUPS = "xyz"
ROLES = ("owner", "member", "restricted_member")
RUNS = int(os.environ.get("RUNS") or 10)


@dataclass(frozen=True)
class Step:
    """A sync of a workspace, and what is changed while it is read."""

    workspace: Workspace
    kind: str
    changes: tuple[tuple[str, str, str, bool], ...]
    """What others change after this sync began and before it is taken in: kind of fact, account,
    group or role, and whether it shall hold."""


def workspaces():
    """Workspaces of up to four people and three groups."""
    members = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(ROLES), min_size=1)
    groups = st.dictionaries(st.sampled_from(GROUPS), st.sets(st.sampled_from(PEOPLE)))
    return st.builds(a_workspace, members, groups)


def steps():
    """Syncs, each with the changes that others make while it is read."""
    change = st.tuples(
        st.sampled_from(("account", "role", "group")),
        st.sampled_from(PEOPLE),
        st.sampled_from(GROUPS + "0"),
        st.booleans(),
    )
    return st.builds(
        Step,
        workspace=workspaces(),
        kind=st.sampled_from(("full", "full", "full", "partial", "accounts", "accounts proved")),
        changes=st.lists(change, max_size=2).map(tuple),
    )


def told_twice(what, who, where, *, holds, role="owner"):
    """A sync; one with a change that it does not show; the same again. `role`: a's from then on."""
    first, then = (a_workspace({"a": one, "b": "member"}, {"x": {"b"}}) for one in ("owner", role))
    change = (what, who, where, holds)
    return [Step(first, "full", ()), Step(then, "full", (change,)), Step(then, "full", ())]


@pytest.mark.slow
@example(history=told_twice("account", "b", "0", holds=False))
@example(history=told_twice("group", "a", "x", holds=True))
@example(history=told_twice("group", "b", "x", holds=False))
@example(history=told_twice("role", "a", "z", holds=True))
@example(history=told_twice("role", "a", "z", holds=True, role="member"))
@settings(
    max_examples=RUNS,
    deadline=None,
    # A history is short enough to be read as it is, and shrinking takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps(), min_size=1, max_size=6))
def test_any_history(db, tmp_path, history):  # noqa: ARG001 - there must be a database
    """As-of at every moment that matters, current columns, and counts: equal to the oracle's."""
    with transaction.atomic():
        app = App.objects.create(name=os.urandom(8).hex(), created_at=NOON)
        replay, moments = Replay(app=app, folder=tmp_path), set()
        oracle = replay.oracle
        for number, step in enumerate(history):
            at = NOON + number * HOUR
            note(f"{number} {step.kind} {step.workspace} {step.changes}")
            moments |= replay.play(step, at)
            compare_now(app, oracle, at + HOUR / 2)
        for moment in sorted(moments):
            assert as_of(app, moment) == oracle.at(moment), moment
        assert holdings(app, max(moments)) == oracle.at(max(moments))
        transaction.set_rollback(True)


@dataclass
class Replay:
    """The same steps for the product and for the oracle."""

    app: App
    folder: Path
    oracle: Oracle = field(default_factory=Oracle)

    def play(self, step, at):
        """One step; the moments at which something may differ."""
        types = {"user"} if step.kind.startswith("accounts") else {"user", "group", "role"}
        label = "full" if step.kind == "full" else "partial"
        proved = ["user"] if step.kind == "accounts proved" else None
        path = write(self.folder / "s.c1z", step.workspace, at, label=label, types=sorted(types))
        moments = {at, at + MEMBERS_AFTER, at + GROUPS_AFTER, at + TAKES}
        for number, change in enumerate(step.changes):
            moments.add(moment := at + timedelta(milliseconds=500 + 1000 * number))
            self.change(change, moment)
        take_in(path, app_id=self.app.pk, task_id="", now=at + HOUR / 2, proved=proved)
        complete = {"account", "role", "group"} if step.kind == "full" else set()
        self.oracle.sync(step.workspace, at, complete or ({"account"} if proved else set()), types)
        return moments | {moment - timedelta(milliseconds=1) for moment in moments}

    def change(self, change, at):
        """What a verified change of ours writes: periods that no sync began or ended."""
        what, who, where, holds = change
        account = Account.objects.filter(app=self.app, external_id=who).first()
        if account is None or ("account", who) not in self.oracle.at(at):
            return
        if what == "account":
            self.remove(account, at)
        else:
            thing = where if what == "group" else ROLES[GROUPS.find(where)]
            self.give(account, (what, who, thing), at, holds=holds or what == "role")
        self.recount()

    def remove(self, account, at):
        """An account is deleted, and all that it held with it."""
        for fact in [one for one in self.oracle.at(at) if one[1] == account.external_id]:
            self.oracle.change(fact, at, holds=False)
        ended = {"until_at": at, "observed_at": at}
        Presence.objects.filter(account=account, until_at=None).update(**ended)
        Grant.objects.filter(account=account, until_at=None).update(**ended)
        account.descriptions.filter(until_at=None).update(**ended)
        Account.objects.filter(pk=account.pk).update(present=False)

    def give(self, account, fact, at, *, holds):
        """A group or a role is given or taken, if it is there; a role takes the place of others."""
        slug = "member" if fact[0] == "group" else "assigned"
        name = f"{fact[0]}:{fact[2]}:{slug}"
        things = Entitlement.objects.filter(app=self.app, external_id=name, present=True)
        if (entitlement := things.first()) is None:
            return
        held = Grant.objects.filter(account=account, until_at=None)
        if fact[0] == "role":
            for other in {one for one in self.oracle.at(at) if one[:2] == fact[:2]} - {fact}:
                self.oracle.change(other, at, holds=False)
            held.filter(entitlement__kind="role").exclude(entitlement=entitlement).update(
                until_at=at, observed_at=at
            )
        if not holds:
            held.filter(entitlement=entitlement).update(until_at=at, observed_at=at)
        elif not held.filter(entitlement=entitlement).exists():
            Grant.objects.create(
                account=account, entitlement=entitlement, from_at=at, observed_at=at
            )
        self.oracle.change(fact, at, holds=holds)

    def recount(self):
        """The columns of current facts, as whoever changes something keeps them."""
        for account in Account.objects.filter(app=self.app):
            held = Grant.objects.filter(account=account, until_at=None)
            role = held.filter(entitlement__kind="role").order_by("entitlement_id").first()
            account.role_id = role.entitlement_id if role else None
            account.groups = held.filter(entitlement__kind="group").count()
            account.save()
        for one in Entitlement.objects.filter(app=self.app).exclude(kind="account"):
            one.holders = Grant.objects.filter(entitlement=one, until_at=None).count()
            one.save()
        there = Account.objects.filter(app=self.app, present=True).count()
        Entitlement.objects.filter(app=self.app, kind="account").update(holders=there)


def as_of(app, moment):
    """The facts at a moment, as the product tells them account by account."""
    facts = {("account", row.account.external_id) for row in asof.accounts(app, moment)}
    assert asof.number(app, moment) == len(facts)
    for account in Account.objects.filter(app=app):
        for row in asof.access(account, moment).select_related("entitlement__resource"):
            held = row.entitlement
            facts.add((held.kind, account.external_id, held.resource.external_id))
    return facts


def holdings(app, moment):
    """The same, as it tells them entitlement by entitlement."""
    facts = set()
    for entitlement in Entitlement.objects.filter(app=app).select_related("resource"):
        for row in asof.holders(entitlement, moment):
            what = entitlement.resource and entitlement.resource.external_id
            facts.add((entitlement.kind, row.account.external_id, *([what] if what else [])))
    return facts


def compare_now(app, oracle, now):
    """The columns of current facts say what the open periods say."""
    facts = oracle.at(now)
    for account in Account.objects.filter(app=app).select_related("role__resource"):
        who = account.external_id
        roles = {fact[2] for fact in facts if fact[:2] == ("role", who)}
        assert account.present == (("account", who) in facts)
        assert roles == ({account.role.resource.external_id} if account.role else set())
        assert account.groups == sum(fact[:2] == ("group", who) for fact in facts)
    for one in Entitlement.objects.filter(app=app).select_related("resource"):
        if one.kind == "account":
            held = [fact for fact in facts if fact[0] == "account"]
        else:
            held = [f for f in facts if f[0] == one.kind and f[2] == one.resource.external_id]
        assert one.holders == len(held), one


def test_the_oracle_refuses_what_the_product_refuses(app, sync):
    """A sync that began before the last one had ended is refused, and changes nothing."""
    workspace = a_workspace({"a": "owner"}, {"g": ["a"]})
    sync(workspace, 1)

    with pytest.raises(Conflict):
        sync(a_workspace({"b": "owner"}, {}), 0.5)

    assert as_of(app, NOON + 9 * HOUR) == {
        ("account", "a"),
        ("role", "a", "owner"),
        ("group", "a", "g"),
    }
    assert Change.objects.count() == 0
