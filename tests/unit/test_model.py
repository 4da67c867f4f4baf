"""The words of the domain."""

import dataclasses

import pytest

from rolecall.notion.model import WORKSPACE_ROLES, Group, Member


def test_the_four_roles_stand_in_order_of_privilege():
    """Ids as on the wire (Notion: N-101), ranks as the Go connector orders them."""
    assert [(role.id, role.rank, role.administrative) for role in WORKSPACE_ROLES] == [
        ("owner", 4, True),
        ("membership_admin", 3, True),
        ("member", 2, False),
        ("restricted_member", 1, False),
    ]


def test_values_cannot_be_changed():
    """What Notion said stays as it was said."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Group(id="g", name="QA", members=()).name = "x"  # type: ignore[misc]


def test_somebody_of_whom_little_is_known_is_active_and_without_a_role():
    """The defaults invent no role."""
    found = Member(id="u", user_name="", display_name="u")

    assert (found.active, found.role, found.emails) == (True, None, ())
