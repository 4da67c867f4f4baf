"""The table of roles and actions: as documented, and deny by default."""

from pathlib import Path

import pytest
from cast import NOW, Role, a_user, acting, scoped

from rolecall import errors
from rolecall.errors import NotAllowed
from rolecall.server.audit.trail import SYSTEM, Actor
from rolecall.server.people.door import STATUSES, status_of
from rolecall.server.people.permissions import (
    ACTIONS,
    Allowed,
    Denied,
    covered,
    may,
    require,
    roles_of,
    scopes_of,
)

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def cells(page: str) -> list[list[str]]:
    """The rows of a page's table."""
    lines = (REFERENCE / page).read_text(encoding="utf-8").splitlines()
    return [[c.strip(" `") for c in one.strip("|").split("|")] for one in lines if one[:1] == "|"]


def test_the_page_is_the_table():
    """docs/reference/permissions.md says of each action exactly what the code does."""
    header, _rule, *rows = cells("permissions.md")
    labels = {role.label: role for role in Role}

    assert header[2:] == list(labels)
    said = {
        row[0]: {labels[head] for head, cell in zip(header[2:], row[2:], strict=True) if cell}
        for row in rows
    }
    assert said == {action: set(roles) for action, roles in ACTIONS.items()}
    assert all(row[1] for row in rows)


def test_statuses_are_those_of_the_page():
    """An error's HTTP status is the one of docs/reference/errors.md."""
    _header, _rule, *rows = cells("errors.md")
    for (
        name,
        *_,
    ) in rows:
        kind = getattr(errors, name)
        raised = kind("x", "y") if name == "BadRecord" else kind("x")
        assert str(status_of(raised)) == {row[0]: row[4] for row in rows}[name], name
    assert set(STATUSES) <= {getattr(errors, row[0]) for row in rows}


@pytest.mark.django_db
def test_unknown_is_denied():
    """An action that is not in the table, somebody without a user, somebody without a role."""
    ada = acting(a_user("ada@example.com", Role.SUPER))

    assert may(ada, "app:read") == Allowed()
    assert isinstance(may(ada, "app:launch"), Denied)
    assert not may(Actor(kind="connector", name="c"), "app:read")
    assert not may(acting(a_user("new@example.com")), "home:read")
    assert may(SYSTEM, "app:launch")


@pytest.mark.django_db
def test_an_owner_may_only_at_home():
    """A role over one app counts for that app, and in lists shows that one."""
    user = scoped(a_user("own@example.com"), Role.APP_OWNER, "app_mine")
    actor = acting(user)

    assert may(actor, "account:edit", "app_mine")
    assert not may(actor, "account:edit", "app_other")
    assert scopes_of(actor, "app:list") == {"app_mine"}
    assert scopes_of(actor, "user:read") == frozenset()
    with pytest.raises(NotAllowed, match="Super administrator"):
        require(actor, "account:edit", "app_other")


@pytest.mark.django_db
def test_roles_end():
    """An ended role, and the roles of somebody who is deactivated, count for nothing."""
    user = a_user("ada@example.com", Role.SUPER)
    assert may(acting(user), "user:edit")

    user.roles.update(until_at=NOW)
    assert not may(acting(user), "user:edit")
    user.roles.update(until_at=None)
    user.is_active = False
    user.save()
    assert roles_of(acting(user)) == frozenset()


@pytest.mark.django_db
def test_a_key_may_what_its_scopes_say():
    """Scopes narrow what the user may, and never widen it."""
    auditor = a_user("aud@example.com", Role.AUDITOR)
    key = acting(auditor, scopes=frozenset({"app:*", "user:edit"}))

    assert may(key, "app:read")
    assert not may(key, "audit:read")
    assert not may(key, "user:edit")


@pytest.mark.parametrize(
    ("scope", "action", "expected"),
    [
        ("app:read", "app:read", True),
        ("app:*", "app:read", True),
        ("*", "user:edit", True),
        ("app", "app:read", False),
        ("app:rea", "app:read", False),
        ("", "app:read", False),
    ],
)
def test_scopes(scope: str, action: str, *, expected: bool):
    """A scope is an action, or a beginning that ends with a star."""
    assert covered(action, {scope}) is expected
