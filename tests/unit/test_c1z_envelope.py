"""The envelope of a c1z: what is accepted, what is refused, and what is left behind."""

import sqlite3
from contextlib import closing

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall.baton.c1z import envelope
from rolecall.errors import BadConfig, BadFile


@pytest.fixture
def database(tmp_path):
    """A small SQLite database."""
    path = tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table words (word text)")
        connection.executemany("insert into words values (?)", [(str(n),) for n in range(5000)])
        connection.commit()
    return path


def unpacked(tmp_path, payload, **limits):
    """What a file with this payload after the magic gives."""
    (tmp_path / "made.c1z").write_bytes(envelope.MAGIC + payload)
    envelope.unpack(tmp_path / "made.c1z", tmp_path / "out.db", **limits)
    return (tmp_path / "out.db").read_bytes()


def squeeze(content, **options):
    """One zstd frame."""
    return zstandard.ZstdCompressor(**options).compress(content)


def test_packing_and_unpacking_gives_the_same_bytes(tmp_path, database):
    """One frame that declares its size and carries a checksum."""
    packed = envelope.pack(database, tmp_path / "a.c1z")
    envelope.unpack(tmp_path / "a.c1z", tmp_path / "b.db")
    raw = (tmp_path / "a.c1z").read_bytes()
    frame = zstandard.get_frame_parameters(raw[len(envelope.MAGIC) :])

    assert (tmp_path / "b.db").read_bytes() == database.read_bytes()
    assert (packed.decompressed_bytes, packed.compressed_bytes) == (
        database.stat().st_size,
        len(raw),
    )
    assert (frame.content_size, frame.has_checksum) == (database.stat().st_size, True)


@pytest.mark.parametrize(
    "compress",
    [
        squeeze,
        lambda raw: squeeze(raw, write_content_size=False),
        lambda raw: squeeze(raw, level=19, write_checksum=True),
        lambda raw: squeeze(raw[:5000]) + squeeze(raw[5000:]),
        lambda raw: b"".join(squeeze(raw[at : at + 7]) for at in range(0, len(raw), 7)),
        lambda raw: b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + squeeze(raw),
    ],
    ids=["plain", "no-size", "level-19", "two-frames", "many-frames", "skippable"],
)
def test_everything_that_go_accepts_is_accepted(tmp_path, database, compress):
    """No checksum, no size, any level, several frames."""
    raw = database.read_bytes()

    assert unpacked(tmp_path, compress(raw)) == raw


def test_magic_alone_is_an_empty_database(tmp_path):
    """SQLite opens a file of no bytes as an empty database."""
    assert unpacked(tmp_path, b"") == b""


def damaged(raw):
    """Payloads that must be refused, by name."""
    good = squeeze(raw, write_checksum=True)
    middle = bytearray(good)
    middle[len(middle) // 2] ^= 0xFF
    window = zstandard.ZstdCompressionParameters(window_log=28)
    wide = zstandard.ZstdCompressor(compression_params=window).compressobj()
    return {
        "trailing": good + b"x",
        "long-trailing": good + b"x" * 5000,
        "cut-at-the-end": good[:-1],
        "cut-in-the-header": good[:3],
        "cut-in-the-middle": good[: len(good) // 2],
        "checksum": good[:-1] + bytes([good[-1] ^ 1]),
        "flipped": bytes(middle),
        "wide-window": wide.compress(raw) + wide.flush(),
        "not-zstd": b"PK\x03\x04" * 100,
        "not-sqlite": squeeze(b"hello" * 100),
    }


@pytest.mark.parametrize("name", damaged(b"x" * 100))
def test_damage_is_refused_and_nothing_is_left(tmp_path, database, name):
    """Each kind of damage is a BadFile, and the half-made database is gone."""
    with pytest.raises(BadFile):
        unpacked(tmp_path, damaged(database.read_bytes())[name])

    assert not (tmp_path / "out.db").exists()


@given(cut=st.integers(0, 10_000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cut_goes_unnoticed(tmp_path, database, cut):
    """Wherever the file is cut, it is refused, save right after the magic."""
    good = squeeze(database.read_bytes())
    if 0 < cut < len(good):
        with pytest.raises(BadFile):
            unpacked(tmp_path, good[:cut])


@pytest.mark.parametrize("declares", [True, False])
def test_a_bomb_is_refused(tmp_path, declares):
    """By the size that it declares, and by what comes out when it declares none."""
    bomb = squeeze(bytes(64 * 2**20), write_content_size=declares)
    assert len(bomb) < 10_000

    with pytest.raises(BadFile, match="larger than we accept"):
        unpacked(tmp_path, bomb, max_bytes=2**20)
    assert not (tmp_path / "out.db").exists()


def test_the_limit_counts_all_frames_together(tmp_path):
    """A bomb in many small pieces is one all the same."""
    with pytest.raises(BadFile, match="larger than we accept"):
        unpacked(tmp_path, squeeze(bytes(2**16)) * 20, max_bytes=2**20)


def test_files_are_told_apart_by_their_first_bytes(tmp_path, database):
    """v1, v3, foreign, empty, missing."""
    for name, content in {
        "v1": b"C1ZF\0rest",
        "v3": b"C1Z3\0",
        "foreign": b"PK",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert envelope.identify(tmp_path / name) == name
    assert envelope.identify(tmp_path / "nothing") == "missing"
    assert envelope.identify(database) == "foreign"
    with pytest.raises(BadConfig):
        envelope.identify(tmp_path)


@pytest.mark.parametrize("name", ["foreign", "empty", "missing"])
def test_what_is_no_c1z_is_refused_with_advice(tmp_path, name):
    """The message names the file, the hint says what to do."""
    if name != "missing":
        (tmp_path / name).write_bytes(b"" if name == "empty" else b"GIF89a")
    with pytest.raises(BadFile) as caught:
        envelope.unpack(tmp_path / name, tmp_path / "out.db")

    assert name in caught.value.what
    assert caught.value.hint


def test_a_database_with_unwritten_changes_is_not_packed(tmp_path, database):
    """What still stands in a write-ahead log would be lost."""
    database.with_name("small.db-wal").write_bytes(b"changes")
    with pytest.raises(BadFile, match="still holds changes"):
        envelope.pack(database, tmp_path / "a.c1z")
    assert not (tmp_path / "a.c1z").exists()


def test_an_unwritable_folder_is_a_bad_config(tmp_path, database):
    """Which is what the person can mend."""
    with pytest.raises(BadConfig):
        envelope.pack(database, tmp_path / "nowhere" / "a.c1z")
