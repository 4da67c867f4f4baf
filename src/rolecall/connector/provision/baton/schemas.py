"""The actions that Notion's connector offers beyond Baton's own verbs, described as Baton does it.

Pure: which actions there are, what they take and give. What they do is in `actions`.
"""

from collections.abc import Iterable
from typing import Final

from rolecall.baton.proto._generated.c1.config.v1.config_pb2 import (
    BoolField,
    Constraint,
    ConstraintKind,
    Field,
    ResourceIdField,
    StringField,
)
from rolecall.baton.proto._generated.c1.config.v1.rules_pb2 import ResourceIDRules, StringRules
from rolecall.baton.proto._generated.c1.connector.v2.action_pb2 import (
    ActionType,
    BatonActionSchema,
    GetActionSchemaRequest,
    GetActionSchemaResponse,
    ListActionSchemasRequest,
    ListActionSchemasResponse,
)
from rolecall.connector.resources import GROUP, USER
from rolecall.errors import Gone
from rolecall.notion.changes import ENTERPRISE_USER

__all__ = ["ATTRIBUTES", "get_action_schema", "list_action_schemas", "schema_of"]

ATTRIBUTES: Final = {
    "email": ("Email", ("userName",)),
    "display_name": ("Display name", ("name", "formatted")),
    "first_name": ("First name", ("name", "givenName")),
    "last_name": ("Last name", ("name", "familyName")),
    "title": ("Job title", ("title",)),
    "department": ("Department", (ENTERPRISE_USER, "department")),
    "division": ("Division", (ENTERPRISE_USER, "division")),
    "organization": ("Organization", (ENTERPRISE_USER, "organization")),
    "cost_center": ("Cost center", (ENTERPRISE_USER, "costCenter")),
    "employee_number": ("Employee number", (ENTERPRISE_USER, "employeeNumber")),
    "manager": ("Manager's email", (ENTERPRISE_USER, "manager", "value")),
    "locale": ("Locale", ("locale",)),
    "preferred_language": ("Preferred language", ("preferredLanguage",)),
    "user_type": ("User type", ("userType",)),
}
"""What `update_account` changes: argument, its name for people, and where SCIM keeps it.

Notion: N-050, N-051, N-057, N-059.
"""


def list_action_schemas(request: ListActionSchemasRequest) -> ListActionSchemasResponse:
    """All actions, or those on one type of resource."""
    wanted = request.resource_type_id
    found = [one for one in _SCHEMAS.values() if wanted in {"", one.resource_type_id}]
    return ListActionSchemasResponse(schemas=found)


def get_action_schema(request: GetActionSchemaRequest) -> GetActionSchemaResponse:
    """One action.

    Raises:
        Gone: there is no such action.
    """
    return GetActionSchemaResponse(schema=schema_of(request.name))


def schema_of(name: str, resource_type: str = "") -> BatonActionSchema:
    """The schema of an action.

    Args:
        name: of the action.
        resource_type: on which it must be, if any.

    Raises:
        Gone: there is no such action.
    """
    found = _SCHEMAS.get(name)
    if found is None or resource_type not in {"", found.resource_type_id}:
        where = f" on the type {resource_type}" if resource_type else ""
        raise Gone(f"There is no action {name!r}{where}.", hint=f"There are {', '.join(_SCHEMAS)}.")
    return found


def _text(name: str, shown: str, description: str = "", *, required: bool = False) -> Field:
    rules = StringRules(is_required=True) if required else None
    return Field(
        name=name,
        display_name=shown,
        description=description,
        is_required=required,
        string_field=StringField(rules=rules),
    )


def _subject(resource_type: str, description: str) -> Field:
    return Field(
        name=f"{resource_type}_id",
        display_name=resource_type.capitalize(),
        description=description,
        is_required=True,
        resource_id_field=ResourceIdField(
            rules=ResourceIDRules(allowed_resource_type_ids=[resource_type])
        ),
    )


def _truth(name: str, shown: str, description: str) -> Field:
    return Field(name=name, display_name=shown, description=description, bool_field=BoolField())


def _schema(  # noqa: PLR0913 - one argument for each thing that differs between the actions
    name: str,
    shown: str,
    description: str,
    *,
    on: str,
    kinds: Iterable[ActionType],
    takes: Iterable[Field],
    constraints: Iterable[Constraint] = (),
) -> BatonActionSchema:
    """An action; what all of them give back is the same."""
    return BatonActionSchema(
        name=name,
        display_name=shown,
        description=description,
        resource_type_id=on,
        action_type=kinds,
        arguments=takes,
        constraints=constraints,
        return_types=[
            _truth("success", "Success", "Whether Notion shows what was asked."),
            _truth("already", "Already", "Whether it was so before, and nothing was sent."),
            _text("says", "What happened", "One sentence."),
            _text("seen_at", "Seen at", "When Notion showed it (RFC 3339)."),
            _text("entry", "Journal entry", "Names the record of the change; empty if none."),
            _text(f"{on}_id", f"{on.capitalize()} id", "Whom or what it was about."),
        ],
    )


_CHANGEABLE: Final = [_text(name, shown) for name, (shown, _path) in ATTRIBUTES.items()]

_SCHEMAS: Final = {
    one.name: one
    for one in (
        _schema(
            "update_account",
            "Update account",
            "Changes names, address or profile; only for people of a verified domain.",
            on=USER,
            kinds=[ActionType.ACTION_TYPE_ACCOUNT, ActionType.ACTION_TYPE_ACCOUNT_UPDATE_PROFILE],
            takes=[_subject(USER, "Whose account."), *_CHANGEABLE],
            constraints=[
                Constraint(
                    kind=ConstraintKind.CONSTRAINT_KIND_AT_LEAST_ONE, field_names=list(ATTRIBUTES)
                )
            ],
        ),
        _schema(
            "create_group",
            "Create group",
            "Makes an empty group, unless there is one of that name.",
            on=GROUP,
            kinds=[ActionType.ACTION_TYPE_RESOURCE_CREATE],
            takes=[_text("name", "Name", "What the group is called.", required=True)],
        ),
        _schema(
            "rename_group",
            "Rename group",
            "Gives a group another name.",
            on=GROUP,
            kinds=[ActionType.ACTION_TYPE_DYNAMIC],
            takes=[
                _subject(GROUP, "Which group."),
                _text("name", "Name", "What it shall be called.", required=True),
            ],
        ),
        _schema(
            "delete_group",
            "Delete group",
            "Deletes a group and all its memberships; success if it is gone already.",
            on=GROUP,
            kinds=[ActionType.ACTION_TYPE_RESOURCE_DELETE],
            takes=[_subject(GROUP, "Which group.")],
        ),
    )
}
