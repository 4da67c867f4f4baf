"""Members, groups and roles in Baton's terms; the whole messages are in the contract test."""

from rolecall.baton.proto._generated.c1.connector.v2 import annotation_trait_pb2 as trait
from rolecall.connector import resources
from rolecall.notion.model import WORKSPACE_ROLES, Bot, Group, Member


def the_trait(resource: object) -> trait.UserTrait:
    """The user trait of a resource."""
    found = trait.UserTrait()
    assert resource.annotations[0].Unpack(found)  # type: ignore[attr-defined]
    return found


def test_a_bot_is_a_service_without_a_role():
    """It has no workspace role and no seat."""
    made = resources.user_resource(Bot(id="b", user_name="", display_name="Sync"))

    assert "workspace_role" not in made.profile.fields
    assert the_trait(made).account_type == trait.UserTrait.ACCOUNT_TYPE_SERVICE
    assert the_trait(made).status.status == trait.UserTrait.Status.STATUS_ENABLED


def test_a_member_without_role_or_name():
    """An empty role is an empty text; no structured name is invented; a title is kept."""
    made = resources.user_resource(
        Member(id="u", user_name="u@x.example", display_name="u", title="Cook")
    )

    assert made.profile.fields["workspace_role"].string_value == ""
    assert made.profile.fields["title"].string_value == "Cook"
    assert not the_trait(made).HasField("structured_name")


def test_the_parts_of_a_name():
    """Whatever part is known stands in the structured name."""
    made = resources.user_resource(
        Member(id="u", user_name="u@x", display_name="Ana", given_name="Ana")
    )

    assert the_trait(made).structured_name.given_name == "Ana"
    assert the_trait(made).structured_name.family_name == ""


def test_profiles_stand_twice():
    """Readers of before and after July 2026 look in different places."""
    member = resources.user_resource(
        Member(id="u", user_name="u@x", display_name="u", role="member")
    )

    assert the_trait(member).profile == member.profile


def test_the_bytes_are_stable():
    """The same thing has the same bytes; tools compare them."""
    group = Group(id="g", name="QA", members=())
    made = [resources.group_resource(group).SerializeToString(deterministic=True) for _ in "ab"]

    assert made[0] == made[1]


def test_types_by_what_is_wanted():
    """Without roles, users have no grants to be asked for."""
    assert [one.id for one in resources.resource_types()] == ["group", "role", "user"]
    (user,) = resources.resource_types({"user"})
    assert user.annotations[0].type_url.endswith("SkipEntitlementsAndGrants")


def test_one_default_in_the_exclusion_group():
    """Every role has an entitlement, by its id."""
    assert set(resources.ROLE_ENTITLEMENTS) == {role.id for role in WORKSPACE_ROLES}
    assert resources.group_entitlement(
        resources.group_resource(Group(id="g", name="QA", members=None))
    ).id == ("group:g:member")
