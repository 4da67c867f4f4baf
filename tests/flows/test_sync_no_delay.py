"""The simulator answers at once: what a bench measures is the sync, not a socket option."""

import socket

from notion_sim.server import listen


def test_answers_are_not_held_back_by_nagle():
    """The listening socket names TCP, so asyncio switches Nagle off on every connection."""
    listening = listen("127.0.0.1", 0)
    try:
        assert listening.proto == socket.IPPROTO_TCP
    finally:
        listening.close()
