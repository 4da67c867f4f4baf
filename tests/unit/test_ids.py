"""Ids: KSUIDs, entitlement and grant ids, BIDs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.baton import ids
from rolecall.errors import Invalid

MOMENTS = st.datetimes(
    # hypothesis wants bounds without a zone
    min_value=datetime(2014, 5, 14),  # noqa: DTZ001
    max_value=datetime(2150, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ENTROPY = st.binary(min_size=16, max_size=16)
NAMES = st.text(min_size=1)
RESOURCES = st.builds(
    ids.ResourceBid, type_id=NAMES, id=NAMES, parent_type_id=st.just(""), parent_id=st.just("")
) | st.builds(ids.ResourceBid, type_id=NAMES, id=NAMES, parent_type_id=NAMES, parent_id=NAMES)
ENTITLEMENTS = st.builds(ids.EntitlementBid, resource=RESOURCES, slug=NAMES)
BIDS = (
    RESOURCES
    | ENTITLEMENTS
    | st.builds(ids.GrantBid, entitlement=ENTITLEMENTS, principal=RESOURCES)
)


@given(MOMENTS, ENTROPY)
def test_a_ksuid_tells_its_second(now, entropy):
    """27 characters of base 62, from which the second comes back."""
    made = ids.ksuid(now, entropy)

    assert len(made) == 27
    assert made.isascii()
    assert made.isalnum()
    assert ids.parse_ksuid_time(made) == now.replace(microsecond=0)


@given(MOMENTS, MOMENTS, ENTROPY, ENTROPY)
def test_ksuids_sort_like_their_seconds(first, second, a, b):
    """An earlier second gives a smaller id, whatever the random part."""
    if second - first >= timedelta(seconds=1):
        assert ids.ksuid(first, a) < ids.ksuid(second, b)


def test_a_ksuid_that_go_made_is_read():
    """The id of the golden file was made when that sync began."""
    made = ids.parse_ksuid_time("3MObHx6JJyq19HDO5U91oNTV9sI")

    assert made == datetime(2026, 11, 21, 1, 27, 56, tzinfo=UTC)


def test_the_greatest_ksuid_has_the_known_spelling():
    """All bits set is the constant that every implementation agrees on."""
    last = ids.KSUID_EPOCH + timedelta(seconds=2**32 - 1)

    assert ids.ksuid(last, b"\xff" * 16) == "aWgEPTl1tmebfsQzFP4bxwgy80V"


@pytest.mark.parametrize(
    ("now", "entropy"),
    [
        (datetime(2026, 1, 1), bytes(16)),  # noqa: DTZ001 - the point
        (datetime(2026, 1, 1, tzinfo=UTC), bytes(15)),
        (datetime(2014, 1, 1, tzinfo=UTC), bytes(16)),
        (datetime(2200, 1, 1, tzinfo=UTC), bytes(16)),
    ],
)
def test_a_ksuid_refuses_what_it_cannot_hold(now, entropy):
    """No zone, wrong size, and times before 2014 or after 2150."""
    with pytest.raises(ValueError, match=r"KSUID|zone"):
        ids.ksuid(now, entropy)


@pytest.mark.parametrize("text", ["", "3MObHx", "z" * 27, "!" * 27, "3MObHx6JJyq19HDO5U91oNTV9sIx"])
def test_what_is_no_ksuid_is_refused(text):
    """Length, alphabet and range are checked."""
    with pytest.raises(Invalid):
        ids.parse_ksuid_time(text)


def test_entitlement_and_grant_ids_are_plain_joins():
    """The formulas that every stored access review depends on."""
    held = ids.entitlement_id("role", "owner", "assigned")

    assert held == "role:owner:assigned"
    assert ids.grant_id(held, "user", "u1") == "role:owner:assigned:user:u1"


@given(BIDS)
def test_a_bid_comes_back_as_it_went(bid):
    """Any name survives, also one made of separators and backslashes."""
    assert ids.parse_bid(ids.format_bid(bid)) == bid


@pytest.mark.parametrize(
    ("text", "bid"),
    [
        ("bid:r:user/u1", ids.ResourceBid(type_id="user", id="u1")),
        (
            "bid:r:org/o/user/u1",
            ids.ResourceBid(type_id="user", id="u1", parent_type_id="org", parent_id="o"),
        ),
        (
            r"bid:e:group/a\:b\/c\\:member",
            ids.EntitlementBid(
                resource=ids.ResourceBid(type_id="group", id="a:b/c\\"), slug="member"
            ),
        ),
    ],
)
def test_bids_have_upstream_s_spelling(text, bid):
    """Written and read as people type them after --sync-resources."""
    assert ids.parse_bid(text) == bid
    assert ids.format_bid(bid) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user/u1",
        "bid:r:user",
        "bid:r:user/",
        "bid:r:user/u1:",
        "bid:r:a/b/c",
        "bid:x:a/b",
        "bid:e:a/b",
        r"bid:r:a/b\x",
        "bid:r:a/b\\",
        "bid:g:a/b:c",
    ],
)
def test_what_is_no_bid_is_refused(text):
    """Every shape that is not one of the three."""
    with pytest.raises(Invalid):
        ids.parse_bid(text)


def test_half_a_bid_cannot_be_made():
    """A resource needs a whole id, a parent likewise, an entitlement a slug."""
    whole = ids.ResourceBid(type_id="a", id="b")
    for make in (
        lambda: ids.ResourceBid(type_id="a", id=""),
        lambda: ids.ResourceBid(type_id="a", id="b", parent_id="c"),
        lambda: ids.EntitlementBid(resource=whole, slug=""),
    ):
        with pytest.raises(Invalid):
            make()
