"""An update sends whole objects, because Notion may replace what it does not merge (N-120)."""

from typing import Any

import pytest

from rolecall.connector.provision.operations import UpdateAccount
from rolecall.connector.provision.step import Person, State, Step
from rolecall.notion.changes import ENTERPRISE_USER

SHOWN = {
    "name": {"formatted": "Ana Lopez", "givenName": "Ana", "familyName": "Lopez"},
    "title": "Recruiter",
    ENTERPRISE_USER: {"department": "People", "division": "North", "manager": {"value": "a@b.c"}},
}


def sent(**wanted: Any) -> Any:
    """What an update of a member asks Notion to set."""
    state = State(people=(Person(id="u", user_name="ana@corp.example"),), attributes=SHOWN)
    step = UpdateAccount(user_id="u", attributes=wanted).step(state)
    assert isinstance(step, Step)
    assert step.changes[0].body is not None
    return step.changes[0].body["Operations"][0]["value"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"title": "Boss"}, {"title": "Boss"}),
        (
            {ENTERPRISE_USER: {"division": "South"}},
            {ENTERPRISE_USER: {**SHOWN[ENTERPRISE_USER], "division": "South"}},
        ),
        ({"name": {"givenName": "Eva"}}, {"name": {"givenName": "Eva", "familyName": "Lopez"}}),
        ({"name": {"formatted": "Eva Luna"}}, {"name": {"formatted": "Eva Luna"}}),
    ],
)
def test_parts_that_were_not_named_are_sent_too(wanted: dict[str, Any], expected: dict[str, Any]):
    """All but a formatted name, which would contradict its own changed parts (N-051)."""
    assert sent(**wanted) == expected
