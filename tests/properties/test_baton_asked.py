"""Whatever ids a message holds: they are taken whole from their own fields, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.baton.ids import entitlement_id
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceId
from rolecall.connector.provision.baton.asked import ID_BYTES, held_of, user_of
from rolecall.errors import Invalid, Unsupported

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60) | st.from_regex(
    r"[a-z]{1,3}(:[a-z]{1,6}){1,4}", fullmatch=True
)


def an_entitlement(kind: str, ident: str, name: str) -> Entitlement:
    """An entitlement of one name on a resource."""
    resource = Resource(id=ResourceId(resource_type=kind, resource=ident))
    return Entitlement(id=name, resource=resource)


@given(IDS, st.sampled_from([("group", "member"), ("role", "assigned")]))
def test_an_id_is_taken_whole(ident: str, kind: tuple[str, str]):
    """Colons and all: the resource's id is what is asked for."""
    name, slug = kind
    held = held_of(an_entitlement(name, ident, entitlement_id(name, ident, slug)))

    assert (held.type, held.id) == (name, ident)


@given(IDS, IDS, IDS)
def test_contradictions_are_refused(kind: str, ident: str, name: str):
    """A type without entitlements, or a name that is not that of the resource's entitlement."""
    known = {"group": "member", "role": "assigned"}
    expected = entitlement_id(kind, ident, known.get(kind, ""))
    if kind in known and name == expected:
        return

    with pytest.raises(Invalid if kind in known else Unsupported):
        held_of(an_entitlement(kind, ident, name))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=1100))
def test_a_principal_is_a_user_of_a_usable_id(ident: str):
    """From 1 to 1024 bytes, and nothing but a user."""
    who = Resource(id=ResourceId(resource_type="user", resource=ident))
    if 1 <= len(ident.encode()) <= ID_BYTES:
        assert user_of(who) == ident
    else:
        with pytest.raises(Invalid):
            user_of(who)
    who.id.resource_type = "group"
    with pytest.raises(Invalid):
        user_of(who)
