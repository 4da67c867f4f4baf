"""What a FinishTask says, in the JSON of the recorded transcripts, and its shape without values.

Imports every message that an answer can hold, because Any can only be read by name.
"""

import importlib
import pkgutil
from typing import Any

from google.protobuf import json_format

from rolecall.baton.proto._generated.c1.connector import v2
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

__all__ = ["as_json", "shape"]

for _module in pkgutil.iter_modules(v2.__path__, f"{v2.__name__}."):
    importlib.import_module(_module.name)

FREE = {"profile", "response_map", "args"}
"""Fields whose keys are data."""


def as_json(finish: api.BatonServiceFinishTaskRequest) -> dict[str, Any]:
    """The message as the transcripts have it."""
    found = json_format.MessageToDict(finish, preserving_proto_field_name=True)
    return dict(found)


def shape(said: Any, path: str = "") -> set[str]:
    """Every path of the JSON, with the names of types, and without any other value."""
    if isinstance(said, list):
        return {one for item in said for one in shape(item, f"{path}[]")}
    if not isinstance(said, dict):
        return {path}
    found = {f"{path}<{said['@type'].rsplit('.', 1)[-1]}>"} if "@type" in said else {path}
    if path.rsplit(".", 1)[-1] in FREE or path.endswith("InvokeActionResponse>.response"):
        return found
    name = f"{path}<{said['@type'].rsplit('.', 1)[-1]}>" if "@type" in said else path
    for key, value in said.items():
        if key not in {"@type", "host_id", "task_id"}:
            found |= shape(value, f"{name}.{key}")
    return found
