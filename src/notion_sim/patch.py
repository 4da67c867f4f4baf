"""SCIM PATCH on plain dicts, the way Notion's own library works (RFC 7644 §3.5.2, Notion: N-120).

Pure: takes a resource and a body, returns another resource. Knows no users, groups or rules. Where
the library and the RFC differ, the library wins: a `replace` that matches nothing appends, a
path may join a URN and an attribute by a dot, and `remove` on a list honours a `value`.
"""

import copy
import re
from typing import Any

from notion_sim.refusal import Refusal

__all__ = ["PATCH_OP", "apply_patch"]

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_URN = re.compile(r"(urn:[A-Za-z0-9:._-]*?:2\.0:[A-Za-z]+)(?:[:.](.+))?")
_STEP = re.compile(r"(?P<name>\$?[A-Za-z_][\w-]*)(?:\[(?P<filter>[^\]]*)\])?(?:\.(?P<rest>.+))?")
_EQ = re.compile(r"\s*([\w$]+)\s+eq\s+(?:\"([^\"]*)\"|(true|false|[\w.-]+))\s*", re.IGNORECASE)
Resource = dict[str, Any]
_MISSING = object()


def _invalid(detail: str, kind: str = "invalidSyntax") -> Refusal:
    return Refusal(400, f"Invalid SCIM Patch: {detail}", scim_type=kind)


def apply_patch(resource: Resource, body: Resource) -> Resource:
    """Return `resource` after all operations of a PatchOp body, or nothing at all of them.

    Raises:
        Refusal: 400 with invalidSyntax, invalidPath, invalidFilter or noTarget.
    """
    if PATCH_OP not in (body.get("schemas") or ()):
        raise _invalid(f"schemas must hold {PATCH_OP}.")
    operations = body.get("Operations")
    if not isinstance(operations, list) or not operations:
        raise _invalid("Operations must be a list that is not empty.")
    changed = copy.deepcopy(resource)
    for operation in operations:
        _operate(changed, operation)
    return changed


def _operate(resource: Resource, operation: object) -> None:
    """Carry out one operation in place."""
    if not isinstance(operation, dict):
        raise _invalid("an operation must be an object.")
    verb, path = str(operation.get("op", "")).lower(), operation.get("path")
    value = operation.get("value", _MISSING)
    _check(verb, path, value)
    if path:
        _at(resource, path, verb, value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _at(resource, name, verb, inner)
    else:
        raise _invalid("without a path the value must be an object.")


def _check(verb: str, path: object, value: object) -> None:
    """Refuse an operation that lacks what its verb needs."""
    if verb not in {"add", "remove", "replace"}:
        raise _invalid(f"there is no op {verb!r}.")
    if path is not None and not isinstance(path, str):
        raise _invalid("path must be a text.")
    if verb == "remove" and not path:
        raise _invalid("remove needs a path.", "noTarget")
    if verb != "remove" and value is _MISSING:
        raise _invalid(f"{verb} needs a value.")


def _at(node: Resource, path: str, verb: str, value: object) -> None:
    """Walk one step of `path` from `node`, or change what it names."""
    name, condition, rest = _split(path)
    if condition is not None:
        _at_matches(node, name, condition, rest=rest, verb=verb, value=value)
    elif rest:
        child = node.setdefault(name, {})
        if not isinstance(child, dict):
            raise _invalid(f"{name} has no parts.", "invalidPath")
        _at(child, rest, verb, value)
        if not child:
            del node[name]
    elif verb == "remove":
        _remove(node, name, value)
    else:
        _put(node, name, verb, value)


def _split(path: str) -> tuple[str, str | None, str | None]:
    """Return a path's first name, its filter and what follows.

    A URN of the core schemas names nothing by itself; that of an extension is a key.
    """
    urn = _URN.fullmatch(path)
    if urn:
        if ":core:2.0:" in urn[1] and urn[2]:
            return _split(urn[2])
        return urn[1], None, urn[2]
    step = _STEP.fullmatch(path)
    if step is None:
        raise _invalid(f"the path {path!r} is not understood.", "invalidPath")
    return step["name"], step["filter"], step["rest"]


def _put(node: Resource, name: str, verb: str, value: object) -> None:
    """Add to a list, merge into an object, or set."""
    present = node.get(name)
    if verb == "add" and isinstance(present, list):
        present.extend(copy.deepcopy(value) if isinstance(value, list) else [value])
    elif isinstance(present, dict) and isinstance(value, dict):
        present.update(value)
    else:
        node[name] = copy.deepcopy(value)


def _remove(node: Resource, name: str, value: object) -> None:
    """Unassign an attribute; with a value, only the elements that it names (Notion: N-117)."""
    present = node.get(name)
    if value is _MISSING or value is None or not isinstance(present, list):
        node.pop(name, None)
        return
    named = {_identity(item) for item in (value if isinstance(value, list) else [value])}
    node[name] = [item for item in present if _identity(item) not in named]


def _identity(item: object) -> str:
    return str(item.get("value")) if isinstance(item, dict) else str(item)


def _at_matches(
    node: Resource, name: str, condition: str, *, rest: str | None, verb: str, value: object
) -> None:
    """Change those elements of a list that a bracket filter matches."""
    key, wanted = _condition(condition)
    items = node.setdefault(name, [])
    if not isinstance(items, list):
        raise _invalid(f"{name} is no list.", "invalidPath")
    matches = [item for item in items if isinstance(item, dict) and _same(item.get(key), wanted)]
    if verb == "remove" and not rest:
        node[name] = [item for item in items if not any(item is match for match in matches)]
    elif matches:
        for match in matches:
            _change_match(match, rest, verb, value)
    elif verb != "remove":
        fresh: Resource = {key: wanted}
        _change_match(fresh, rest, verb, value)
        items.append(fresh)


def _change_match(match: Resource, rest: str | None, verb: str, value: object) -> None:
    if rest:
        _at(match, rest, verb, value)
    elif isinstance(value, dict):
        match.update(copy.deepcopy(value))
    else:
        match["value"] = copy.deepcopy(value)


def _condition(text: str) -> tuple[str, object]:
    found = _EQ.fullmatch(text)
    if found is None:
        raise _invalid(f"the filter [{text}] is not understood.", "invalidFilter")
    if found[2] is not None:
        return found[1], found[2]
    bare = found[3]
    return found[1], {"true": True, "false": False}.get(bare.lower(), bare)


def _same(present: object, wanted: object) -> bool:
    if isinstance(present, str) and isinstance(wanted, str):
        return present.lower() == wanted.lower()
    return present == wanted
