"""A proxy's HTML page where gRPC was expected: just enough HTTP/2 to send one (RFC 9113).

Owns frames and one kind of answer. Refuses to understand what was asked.
"""

import asyncio

__all__ = ["PAGE", "answer_h2"]

PAGE = b"<html><body><h1>Please sign in to the company network</h1></body></html>"
PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def _literal(static_index: int, value: bytes) -> bytes:
    """A header whose name stands in HPACK's static table, its value as it is (RFC 7541 §6.2.2)."""
    return bytes([0x0F, static_index - 15, len(value)]) + value


async def answer_h2(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int
) -> None:
    """Answer every request of a connection with the page, until the other side has enough."""
    await reader.readexactly(PREFACE)
    writer.write(_frame(SETTINGS, 0, 0))
    fields = bytes([0x08, 3]) + str(status).encode() + _literal(31, b"text/html")
    while True:
        head = await reader.readexactly(9)
        payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
        kind, flags = head[3], head[4]
        stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        if kind in {SETTINGS, PING} and not flags & ACK:
            writer.write(_frame(kind, ACK, 0, payload if kind == PING else b""))
        if kind == HEADERS:
            writer.write(_frame(HEADERS, END_HEADERS, stream, fields))
            writer.write(_frame(DATA, END_STREAM, stream, PAGE))
        await writer.drain()
