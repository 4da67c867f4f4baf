"""What ids on a command line mean by a c1z: found whole, or refused, and never guessed."""

import click
import pytest
from c1z_scenes import ANA, BOB, DESIGN, Scene, a_thing

from rolecall.connector.lookup import lookup

ODD = a_thing("group", "g1:member:user:x", "Odd")
HELD = [("u1", "group", "g1", "member"), ("u2", "group", "g1:member:user:x", "member")]


@pytest.fixture
def file(tmp_path):
    """A finished sync with a group whose id looks like the end of another group's grants."""
    scene = Scene(tmp_path)
    scene.sync([ANA, BOB, DESIGN, ODD], HELD)
    scene.sync([ANA], [], finished=False)
    made = scene.file(tmp_path / "a.c1z")
    scene.close()
    return str(made)


def test_what_the_file_lists_is_found_whole(file):
    """Entitlement, principal and grant of the newest finished sync, with their resources' ids."""
    with lookup(file) as synced:
        entitlement = synced.entitlement("group:g1:member")
        principal = synced.principal("user", "u1")
        grant = synced.grant("group:g1:member:user:u1")

    assert entitlement.resource.id.resource == "g1"
    assert principal == ANA
    assert grant.entitlement == entitlement
    assert grant.principal.id.resource == "u1"


def test_a_listed_grant_is_taken_as_it_is_listed(file):
    """An id that could be cut in two ways means what the file says."""
    with lookup(file) as synced:
        grant = synced.grant("group:g1:member:user:x:member:user:u2")

    assert grant.entitlement.resource.id.resource == "g1:member:user:x"
    assert grant.principal.id.resource == "u2"


def test_an_unlisted_grant_that_can_be_read_in_two_ways_is_refused(file):
    """Nothing is revoked on a guess."""
    with lookup(file) as synced, pytest.raises(click.BadParameter, match="two ways"):
        synced.grant_by_form("group:g1:member:user:x:member:user:u1")


@pytest.mark.parametrize(
    ("wanted", "user", "known"),
    [
        ("group:g1:member:user:u2", "u2", True),
        ("group:g1:member:user:u9", "u9", False),
        ("role:owner:assigned:user:u1", "u1", True),
    ],
)
def test_an_unlisted_grant_is_understood_by_its_entitlement(file, wanted, user, known):
    """Groups of the file and the four roles; whether the user is listed is told."""
    with lookup(file) as synced:
        grant, listed = synced.grant_by_form(wanted)

    assert (grant.id, grant.principal.id.resource, listed) == (wanted, user, known)
    assert wanted.startswith(grant.entitlement.id)
    assert grant.entitlement.resource.id.resource in {"g1", "owner"}


@pytest.mark.parametrize(
    "wanted", ["", "group:g2:member:user:u1", "group:g1:member:group:g1", "role:owner:assigned"]
)
def test_what_begins_like_no_grant_is_unknown(file, wanted):
    """Other groups, other principals, and no principal at all."""
    with lookup(file) as synced, pytest.raises(click.BadParameter, match="does not know"):
        synced.grant_by_form(wanted)


@pytest.mark.parametrize(("kind", "ident"), [("user", "u9"), ("group", "u1"), ("user:u1", "")])
def test_strangers_are_unknown(file, kind, ident):
    """By type and by id, however the two are written together."""
    with lookup(file) as synced, pytest.raises(click.BadParameter, match="does not know"):
        synced.principal(kind, ident)


def test_without_a_file_only_roles_are_known(tmp_path):
    """The way out is to sync."""
    with lookup(str(tmp_path / "none.c1z")) as synced:
        assert synced.grant("role:owner:assigned:user:u1") is None
        assert synced.grant_by_form("role:owner:assigned:user:u1")[1] is False
        for ask in (
            lambda: synced.entitlement("role:owner:assigned"),
            lambda: synced.principal("user", "u1"),
            lambda: synced.grant_by_form("group:g1:member:user:u1"),
        ):
            with pytest.raises(click.BadParameter, match="no finished sync"):
                ask()
