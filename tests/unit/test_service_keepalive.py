"""How often we ping an idle controller: never more often than servers put up with.

A gRPC server counts a ping as a strike if it comes within five minutes of the one before, or while
no call is under way; after two strikes it closes the connection (GOAWAY, `too_many_pings`), and
every call that is under way fails. Five minutes is the default of servers in Go (`MinTime`,
`PermitWithoutStream` false) and of grpcio (`grpc.http2.min_ping_interval_without_data_ms`).
"""

from rolecall.baton.service.channel import _OPTIONS

PUT_UP_WITH_MS = 5 * 60 * 1000
OPTIONS = dict(_OPTIONS)


def test_pings_are_rarer_than_every_server_puts_up_with():
    """More than five minutes apart, with room for a clock that is a little off."""
    assert OPTIONS["grpc.keepalive_time_ms"] >= PUT_UP_WITH_MS * 1.05


def test_no_ping_without_a_call():
    """An idle connection is left alone; the next poll finds out whether it is alive."""
    assert OPTIONS["grpc.keepalive_permit_without_calls"] == 0


def test_grpc_may_hold_pings_back():
    """Its own limit of pings without data stays: switched off, a stock server closes on us."""
    assert "grpc.http2.max_pings_without_data" not in OPTIONS


def test_a_dead_connection_is_noticed():
    """A ping that is not answered ends the connection long before an upload's deadline."""
    assert 1000 <= OPTIONS["grpc.keepalive_timeout_ms"] <= 60_000
