"""Which words name a target."""

import pytest

from rolecall.connector.targets import Target, parse_targets
from rolecall.errors import BadConfig


def test_targets_are_read_once_and_in_order():
    """Users, groups and roles by Baton's ids; twice is once."""
    bids = ["bid:r:user/b", "bid:r:group/g", "bid:r:user/a", "bid:r:user/b", "bid:r:role/member"]

    assert parse_targets(bids) == (
        Target(type="group", id="g"),
        Target(type="role", id="member"),
        Target(type="user", id="a"),
        Target(type="user", id="b"),
    )
    assert parse_targets([]) == ()


@pytest.mark.parametrize(
    "bid",
    [
        "user/a",
        "",
        "bid:r:page/p",
        "bid:e:group/g:member",
        "bid:g:group/g:member:user/u",
        "bid:r:role/king",
        "bid:r:user/",
    ],
)
def test_what_is_no_target(bid: str):
    """Anything else is refused with the right form."""
    with pytest.raises(BadConfig, match="--sync-resources"):
        parse_targets([bid])
