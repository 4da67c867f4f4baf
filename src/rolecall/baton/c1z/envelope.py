"""Around the database: five magic bytes and zstd. Packs a SQLite file, and unpacks it safely.

Trusts nothing that a file says about itself: sizes are checked as declared *and* as produced, the
zstd window is limited, and memory stays constant whatever comes out. Does not look into the
database, does not rename, lock or choose folders; that is the writer's business (`c1z.work`).

Magic `C1ZF` NUL, then zstd to the end of the file. What is accepted and refused follows the Go
readers: several frames, no checksum and no content size are fine; anything after the last frame is
not.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

import zstandard

from rolecall.errors import BadConfig, BadFile, DiskFull

__all__ = [
    "MAGIC",
    "MAX_DECODED_BYTES",
    "Packed",
    "honest",
    "identify",
    "pack",
    "refuse_what_is_not_v1",
    "unpack",
]

MAGIC: Final = b"C1ZF\x00"
_MAGIC_V3: Final = b"C1Z3\x00"
_SQLITE: Final = b"SQLite format 3\x00"

MAX_DECODED_BYTES: Final = 10 * 2**30
"""What the Go readers of 2026 accept; those before accepted 3 GiB."""

_MAX_WINDOW_BYTES: Final = 128 * 2**20
_LEVEL: Final = 1  # upstream's "fastest"; higher levels buy little on SQLite pages
_PIECE: Final = 2**20
# One compressed byte becomes at most 32 KiB (a run-length block of 4 bytes stands for 128 KiB), so
# a piece of this size never produces more than 32 MiB in memory, bomb or not.
_SIP: Final = 1024
_HEADER_MAX: Final = 18  # bytes of the longest zstd frame header


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What `pack` wrote."""

    decompressed_bytes: int
    """Size of the SQLite database."""

    compressed_bytes: int
    """Size of the c1z, magic included."""


@contextmanager
def honest(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into our errors."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"No space left for {path.name}.", hint=f"Free some in {path.parent} and try again."
            ) from error
        raise BadConfig(
            f"Cannot use {path}: {error.strerror}.", hint="Check the path and its permissions."
        ) from error


def identify(path: Path) -> Literal["v1", "v3", "foreign", "empty", "missing"]:
    """Say what a file is by its first bytes.

    Raises:
        BadConfig: it is there and cannot be read.
    """
    try:
        with path.open("rb") as source:
            magic = source.read(len(MAGIC))
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise BadConfig(
            f"Cannot read {path}: {error.strerror}.", hint="Check the path and its permissions."
        ) from error
    if not magic:
        return "empty"
    if magic == MAGIC:
        return "v1"
    return "v3" if magic == _MAGIC_V3 else "foreign"


def refuse_what_is_not_v1(source: Path) -> None:
    """Raise unless the file begins with the magic of v1.

    Raises:
        BadFile: missing, empty, foreign, or v3.
        BadConfig: it cannot be read.
    """
    kind = identify(source)
    if kind == "v1":
        return
    said, hint = {
        "missing": (f"There is no {source}.", "Name another file with -f, or sync first."),
        "empty": (f"{source} is empty.", "Delete it and sync again."),
        "foreign": (f"{source} is not a c1z file.", "Name a file that a Baton connector wrote."),
        "v3": (
            f"{source} is a c1z of version 3, which holds a Pebble database that we do not read.",
            "Run the Go connector with --storage-engine sqlite and a new file; it writes v1.",
        ),
    }[kind]
    raise BadFile(said, hint=hint)


def pack(database: Path, target: Path) -> Packed:
    """Write `database` as a c1z: one frame with size and checksum, on disk when this returns.

    `target` is overwritten and removed again when anything fails; replace the real file by
    renaming.

    Raises:
        BadFile: the database has unwritten changes beside it (a `-wal` or `-journal` with content).
        DiskFull: no space left.
        BadConfig: a file or folder cannot be read or written.
    """
    for suffix in ("-wal", "-journal"):
        beside = database.with_name(database.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise BadFile(f"{beside.name} still holds changes.", hint="Close the database first.")
    try:
        with honest(target), database.open("rb") as source, target.open("wb") as sink:
            size = os.fstat(source.fileno()).st_size
            sink.write(MAGIC)
            compressor = zstandard.ZstdCompressor(
                level=_LEVEL, write_checksum=True, write_content_size=True
            )
            _, written = compressor.copy_stream(
                source, sink, size=size, read_size=_PIECE, write_size=_PIECE
            )
            sink.flush()
            os.fsync(sink.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Packed(decompressed_bytes=size, compressed_bytes=written + len(MAGIC))


def unpack(source: Path, database: Path, *, max_bytes: int = MAX_DECODED_BYTES) -> None:
    """Write the SQLite database inside `source` to `database`.

    A c1z with nothing after its magic gives a database of zero bytes, which SQLite opens as an
    empty one. `database` is removed again when anything fails.

    Raises:
        BadFile: missing, empty, foreign, v3, truncated, damaged, larger than `max_bytes`, or no
            SQLite.
        DiskFull: no space left for the database.
        BadConfig: a file or folder cannot be read or written.
    """
    refuse_what_is_not_v1(source)
    try:
        with honest(source), source.open("rb") as packed, honest(database):
            packed.seek(len(MAGIC))
            with database.open("wb") as sink:
                _decode(packed, sink, max_bytes)
        _refuse_what_is_not_sqlite(database)
    except zstandard.ZstdError as error:
        database.unlink(missing_ok=True)
        raise BadFile(
            f"{source} is damaged: {_reason(error)}.", hint="Fetch it again, or sync again."
        ) from error
    except BaseException:
        database.unlink(missing_ok=True)
        raise


def _refuse_what_is_not_sqlite(database: Path) -> None:
    """Raise unless the file is a SQLite database or has no bytes at all."""
    with database.open("rb") as content:
        head = content.read(len(_SQLITE))
    if head not in {b"", _SQLITE}:
        raise BadFile(
            "The c1z does not hold a SQLite database.",
            hint="It is damaged, or written by a tool that we do not know.",
        )


def _reason(error: zstandard.ZstdError) -> str:
    """The decoder's own words, without its function names."""
    return str(error).rsplit(": ", 1)[-1].strip().rstrip(".")


def _decode(packed: IO[bytes], sink: IO[bytes], max_bytes: int) -> None:
    """Decode frame after frame, until the file ends exactly where a frame does."""
    decoder = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
    room = max_bytes
    waiting = packed.read(_SIP)
    while waiting:
        if len(waiting) < _HEADER_MAX:  # a header cut in two by our own reading
            waiting += packed.read(_SIP)
        _refuse_what_is_declared_too_large(waiting, room)
        frame = decoder.decompressobj()
        while not frame.eof:
            if not waiting:
                raise zstandard.ZstdError("unexpected end of file")
            produced = frame.decompress(waiting)
            room -= len(produced)
            if room < 0:
                raise _too_large()
            sink.write(produced)
            waiting = frame.unused_data if frame.eof else packed.read(_SIP)
        waiting = waiting or packed.read(_SIP)


def _refuse_what_is_declared_too_large(head: bytes, room: int) -> None:
    """Raise when a frame says itself that it does not fit, before a byte of it is decoded."""
    declared = zstandard.get_frame_parameters(head)
    if declared.window_size > _MAX_WINDOW_BYTES:
        raise zstandard.ZstdError("it needs a window of more than 128 MiB")
    if declared.content_size != zstandard.CONTENTSIZE_UNKNOWN and declared.content_size > room:
        raise _too_large()


def _too_large() -> BadFile:
    return BadFile(
        "The database inside this c1z is larger than we accept.",
        hint="No real Notion workspace needs that much; the file may be a decompression bomb.",
    )
