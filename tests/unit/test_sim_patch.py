"""The simulator's PATCH on plain dicts."""

import pytest

from notion_sim.patch import PATCH_OP, apply_patch
from notion_sim.refusal import Refusal

NOTION = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


def patched(resource: dict, *operations: dict) -> dict:
    """The resource after some operations."""
    return apply_patch(resource, {"schemas": [PATCH_OP], "Operations": list(operations)})


def refusal_of(resource: dict, operation: object) -> str | None:
    """The scimType with which an operation is refused."""
    with pytest.raises(Refusal) as caught:
        patched(resource, operation)  # type: ignore[arg-type]
    assert caught.value.status == 400
    assert caught.value.detail.startswith("Invalid SCIM Patch: ")
    return caught.value.scim_type


@pytest.mark.parametrize("op", ["add", "Add", "ADD"])
def test_add_concatenates_members(op: str):
    """`add` on a list adds many members at once, whatever the spelling of op (N-116, N-121)."""
    group = {"members": [{"value": "a"}]}

    result = patched(
        group, {"op": op, "path": "members", "value": [{"value": "b"}, {"value": "c"}]}
    )

    assert [m["value"] for m in result["members"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": "members", "value": [{"value": "b"}]},
        {"op": "remove", "path": 'members[value eq "b"]'},
    ],
)
def test_both_removals_take_only_the_named_member(operation: dict):
    """Members leave by value (N-117) and by bracket filter (N-118), and nobody else does."""
    group = {"members": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}

    assert [m["value"] for m in patched(group, operation)["members"]] == ["a", "c"]


def test_remove_without_value_clears_the_list():
    """`remove` of a whole list unassigns it (RFC 7644 §3.5.2.2)."""
    assert patched({"members": [{"value": "a"}]}, {"op": "remove", "path": "members"}) == {}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "value": {NOTION: {"role": "owner"}}},
        {"op": "replace", "value": {f"{NOTION}:role": "owner"}},
        {"op": "replace", "path": NOTION, "value": {"role": "owner"}},
        {"op": "replace", "path": f"{NOTION}:role", "value": "owner"},
        {"op": "replace", "path": f"{NOTION}.role", "value": "owner"},
        {"op": "add", "path": f"{NOTION}:role", "value": "owner"},
    ],
)
def test_every_form_of_a_role_change(operation: dict):
    """A role changes without a path (N-122), and by the path forms that are unverified."""
    assert patched({NOTION: {"role": "member"}}, operation) == {NOTION: {"role": "owner"}}


def test_no_path_merges_into_objects():
    """Without a path an object is merged: other parts of a name stay."""
    before = {"name": {"givenName": "Ana", "familyName": "Silva"}, "title": "Lead"}

    result = patched(before, {"op": "replace", "value": {"name": {"givenName": "Eva"}}})

    assert result == {"name": {"givenName": "Eva", "familyName": "Silva"}, "title": "Lead"}


def test_core_urn_prefix_names_the_attribute_itself():
    """`urn:...:core:2.0:User:title` is `title` (RFC 7644 §3.10)."""
    assert patched({}, {"op": "add", "path": f"{CORE}:title", "value": "Lead"}) == {"title": "Lead"}


def test_a_filter_that_matches_nothing_appends():
    """`replace` with a filter that finds nothing appends (N-123)."""
    operation = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "a@b.example"}

    assert patched({}, operation) == {"emails": [{"type": "work", "value": "a@b.example"}]}


def test_a_filter_changes_every_match():
    """A bracket filter compares without case, booleans by value."""
    before = {"emails": [{"value": "A@b.example", "primary": True}, {"value": "c@d.example"}]}

    one = {"op": "replace", "path": 'emails[value eq "a@B.example"].type', "value": "work"}
    two = {"op": "replace", "path": "emails[primary eq true]", "value": {"display": "x"}}

    assert patched(before, one, two)["emails"][0] == {
        "value": "A@b.example",
        "primary": True,
        "type": "work",
        "display": "x",
    }


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "remove"}, "noTarget"),
        ({"op": "add", "path": "title"}, "invalidSyntax"),
        ({"op": "move", "path": "title", "value": 1}, "invalidSyntax"),
        ({"op": "add", "path": 3, "value": 1}, "invalidSyntax"),
        ({"op": "add", "value": "text"}, "invalidSyntax"),
        ("add", "invalidSyntax"),
        ({"op": "add", "path": "a b", "value": 1}, "invalidPath"),
        ({"op": "add", "path": "title.part", "value": 1}, "invalidPath"),
        ({"op": "remove", "path": 'title[value eq "x"]'}, "invalidPath"),
        ({"op": "remove", "path": 'members[value co "x"]'}, "invalidFilter"),
    ],
)
def test_what_is_refused(operation: object, kind: str):
    """A malformed operation is refused with 400 and its scimType (N-127)."""
    assert refusal_of({"title": "Lead"}, operation) == kind


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schemas": [], "Operations": [{"op": "remove", "path": "a"}]},
        {"schemas": [PATCH_OP], "Operations": []},
        {"schemas": [PATCH_OP], "Operations": {}},
        {"schemas": [PATCH_OP]},
    ],
)
def test_a_body_needs_schema_and_operations(body: dict):
    """The PatchOp schema and one operation are the least (N-121)."""
    with pytest.raises(Refusal) as caught:
        apply_patch({}, body)
    assert caught.value.scim_type == "invalidSyntax"


def test_all_or_nothing():
    """A refused second operation leaves the resource as it was."""
    resource = {"members": [{"value": "a"}]}

    with pytest.raises(Refusal):
        patched(resource, {"op": "remove", "path": "members"}, {"op": "remove"})

    assert resource == {"members": [{"value": "a"}]}
