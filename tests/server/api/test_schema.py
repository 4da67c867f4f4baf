"""schemathesis asks the whole API what its description allows, and more: no answer is a surprise.

Half of the requests name rows that exist, so that use cases are reached and not only their doors.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from ninja import Schema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from world import World, the_world

from rolecall.server.api.urls import api

RUNS = int(os.environ.get("RUNS") or 4)
"""Requests for each operation."""
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/api/"))
SCHEMA.app = get_wsgi_application()
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
    checks.unsupported_method,
]


@pytest.fixture
def world(db: None) -> Iterator[World]:  # noqa: ARG001
    """What there is; the end of a request does not end the test's connection."""
    ends = (request_started, request_finished)
    for one in ends:
        one.disconnect(close_old_connections)
    yield the_world()
    for one in ends:
        one.connect(close_old_connections)


@SCHEMA.parametrize()
@settings(
    max_examples=RUNS,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_description_holds(case, world: World):
    """Status, media type and shape are as described; nothing is a bug; nobody is let in unknown."""
    if len(str(case.query)) % 2 == 0:
        case.path_parameters.update({
            name: world.named[name] for name in case.path_parameters if name in world.named
        })  # fmt: skip
    case.call_and_validate(
        headers={"Authorization": f"Bearer {world.secret}", "Host": "localhost"}, checks=CHECKS
    )


def test_shapes_have_names_of_their_own():
    """Two shapes of one name in two modules would be described as one of them."""
    described = json.dumps(api.get_openapi_schema(path_prefix="/api/"))
    ours = [one for one in every(Schema) if one.__module__.startswith("rolecall.server.api.")]
    names = Counter(one.__name__ for one in ours if f'/schemas/{one.__name__}"' in described)

    assert [name for name, number in names.items() if number > 1] == []


def every(kind: type) -> list[type]:
    """All classes that come from this one, however far."""
    return [one for child in kind.__subclasses__() for one in (child, *every(child))]


def test_operations_have_names_of_their_own():
    """An operation's id is the name a client's function gets."""
    paths = api.get_openapi_schema(path_prefix="/api/")["paths"]
    names = [one["operationId"] for methods in paths.values() for one in methods.values()]

    assert len(names) == len(set(names))
    assert all(
        one.get("summary") and one.get("description")
        for methods in paths.values()
        for one in methods.values()
    )
