"""What the SCIM server says about itself: as Notion does, or as RFC 7644 §4 says.

Owns the three discovery bodies (Notion: N-028, N-029). Knows nobody and no group.
"""

from typing import Any

from notion_sim.records import CORE_GROUP, CORE_USER, ENTERPRISE, LIST, NOTION_USER
from notion_sim.refusal import Refusal
from notion_sim.wire import Reply, Request, json_reply
from notion_sim.world import World

__all__ = ["resource_type", "resource_types", "schema", "schemas", "service_provider_config"]

BASE = "urn:ietf:params:scim:schemas:core:2.0:"
TYPES = (("User", "/Users", CORE_USER), ("Group", "/Groups", CORE_GROUP))


def service_provider_config(world: World, request: Request, _ident: str) -> Reply:
    """Return what is supported: PATCH and filters, nothing else."""
    no: dict[str, Any] = {"supported": False}
    value: dict[str, Any] = {
        "schemas": [f"{BASE}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": world.options.max_count},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A SCIM token made by an organization owner.",
            }
        ],
    }
    if world.options.discovery == "rfc":
        value["meta"] = _meta("ServiceProviderConfig", "/ServiceProviderConfig", request)
    return json_reply(value)


def _meta(kind: str, path: str, request: Request) -> dict[str, str]:
    return {"resourceType": kind, "location": f"{request.origin}/scim/v2{path}"}


def _listed(values: list[dict[str, Any]]) -> dict[str, Any]:
    size = len(values)
    return {
        "schemas": [LIST],
        "totalResults": size,
        "startIndex": 1,
        "itemsPerPage": size,
        "Resources": values,
    }


def _types(world: World, request: Request) -> list[dict[str, Any]]:
    found = []
    for name, path, urn in TYPES:
        value: dict[str, Any] = {
            "schemas": [f"{BASE}ResourceType"],
            "id": name,
            "name": name,
            "endpoint": path,
            "schema": urn,
        }
        if name == "User":
            pairs = (ENTERPRISE, NOTION_USER)
            value["schemaExtensions"] = [{"schema": each, "required": False} for each in pairs]
        if world.options.discovery == "rfc":
            value["meta"] = _meta("ResourceType", f"/ResourceTypes/{name}", request)
        found.append(value)
    return found


def resource_types(world: World, request: Request, _ident: str) -> Reply:
    """Return the types: a bare array as somebody observed it, or a ListResponse."""
    types = _types(world, request)
    return json_reply(types if world.options.discovery == "notion" else _listed(types))


def resource_type(world: World, request: Request, ident: str) -> Reply:
    """Return one type by its name."""
    return json_reply(_one(_types(world, request), ident))


def schemas(world: World, request: Request, _ident: str) -> Reply:
    """Return the schemas; Notion mentions no such endpoint, so its form answers 404."""
    return json_reply(_listed(_schemas(world, request)))


def schema(world: World, request: Request, ident: str) -> Reply:
    """Return one schema by its URN."""
    return json_reply(_one(_schemas(world, request), ident))


def _one(values: list[dict[str, Any]], ident: str) -> dict[str, Any]:
    for value in values:
        if value["id"] == ident:
            return value
    raise Refusal(404, f"There is no {ident}.")


def _schemas(world: World, request: Request) -> list[dict[str, Any]]:
    if world.options.discovery == "notion":
        raise Refusal(404, "There is no such SCIM endpoint.")
    found = []
    for urn, name, attributes in SCHEMAS:
        found.append(
            {
                "schemas": [f"{BASE}Schema"],
                "id": urn,
                "name": name,
                "description": name,
                "attributes": attributes,
                "meta": _meta("Schema", f"/Schemas/{urn}", request),
            }
        )
    return found


def _text(name: str, **changes: object) -> dict[str, Any]:
    """Return the description of a text attribute (RFC 7643 §7)."""
    plain = {
        "name": name,
        "type": "string",
        "multiValued": False,
        "description": name,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }
    return plain | changes


def _flag(name: str) -> dict[str, Any]:
    value = _text(name, type="boolean")
    del value["caseExact"], value["uniqueness"]
    return value


def _complex(
    name: str, *inner: dict[str, Any], many: bool = False, **changes: object
) -> dict[str, Any]:
    value = _text(name, type="complex", multiValued=many, subAttributes=list(inner)) | changes
    del value["caseExact"], value["uniqueness"]
    return value


def _many(name: str) -> dict[str, Any]:
    return _complex(name, _text("value"), _text("type"), _flag("primary"), many=True)


USER_ATTRIBUTES = [
    _text("userName", required=True, uniqueness="server"),
    _complex("name", _text("formatted"), _text("familyName"), _text("givenName")),
    _text("displayName", mutability="readOnly"),
    _text("title"),
    _text("userType"),
    _text("preferredLanguage"),
    _text("locale"),
    _flag("active"),
    _complex("emails", _text("value"), _flag("primary"), many=True),
    _many("phoneNumbers"),
    _complex(
        "photos",
        _text("value", type="reference", referenceTypes=["external"], caseExact=True),
        _text("type"),
        _flag("primary"),
        many=True,
    ),
    _complex(
        "addresses",
        *map(
            _text,
            ("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type"),
        ),
        many=True,
    ),
    _many("roles"),
]
GROUP_ATTRIBUTES = [
    _text("displayName", required=True),
    _complex(
        "members",
        _text("value", mutability="immutable"),
        _text(
            "$ref",
            type="reference",
            referenceTypes=["User"],
            mutability="immutable",
            caseExact=True,
        ),
        _text("type", mutability="immutable", canonicalValues=["User"]),
        many=True,
    ),
]
ENTERPRISE_ATTRIBUTES = [
    *map(_text, ("employeeNumber", "costCenter", "organization", "division", "department")),
    _complex("manager", _text("value"), _text("displayName")),
]
SCHEMAS: list[tuple[str, str, list[dict[str, Any]]]] = [
    (CORE_USER, "User", USER_ATTRIBUTES),
    (CORE_GROUP, "Group", GROUP_ATTRIBUTES),
    (ENTERPRISE, "EnterpriseUser", ENTERPRISE_ATTRIBUTES),
    (
        NOTION_USER,
        "NotionUser",
        [
            _text(
                "role", canonicalValues=["owner", "membership_admin", "member", "restricted_member"]
            )
        ],
    ),
]
