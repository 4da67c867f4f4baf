"""A record that was cut short on the way is asked for again, not reported as bad."""

import pytest

from rolecall.errors import BadRecord, NotionBroken
from rolecall.notion import scim


@pytest.mark.parametrize("read", [scim.one_member, scim.one_group])
def test_half_a_body_is_no_bad_record(read):
    """What is not JSON says nothing about the record; trying again may help."""
    with pytest.raises(NotionBroken, match="damaged"):
        read(b'{"id": "u1", "userName": "a@exam', "u1")


@pytest.mark.parametrize("read", [scim.one_member, scim.one_group])
@pytest.mark.parametrize("body", [b"[]", b'{"id": 5}', b"{}", b'"u1"'])
def test_an_odd_record_stays_a_bad_record(read, body):
    """What is JSON and makes no sense will make none the next time."""
    with pytest.raises(BadRecord):
        read(body, "u1")
