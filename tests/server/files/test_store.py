"""Files in the database come back byte for byte, or are refused."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from rolecall.errors import BadFile, Invalid
from rolecall.server.files import store as stores
from rolecall.server.files.models import CHUNK_BYTES, Chunk, File
from rolecall.server.files.store import expire, fetch, read, store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def kept(data: bytes, **more: object) -> File:
    """A file with these bytes."""
    return store(io.BytesIO(data), kind="c1z", name="sync.c1z", now=NOW, **more)


class TestRoundTrip(TestCase):
    """Hypothesis, each example in a transaction of its own."""

    @given(
        size=st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]),
        byte=st.integers(0, 255),
    )
    @settings(max_examples=10, deadline=None)
    def test_bytes_come_back(self, size: int, byte: int):
        """Any size around the chunk's comes back, in as few chunks as it needs."""
        data = bytes([byte]) * size
        file = kept(data)

        assert b"".join(read(file)) == data
        assert file.bytes == size
        assert file.chunks.count() == -(-size // CHUNK_BYTES)


@pytest.mark.django_db
def test_damage_is_noticed(tmp_path: Path):
    """A changed or missing chunk never passes as the file."""
    file = kept(b"a" * (CHUNK_BYTES + 10))
    assert fetch(file, tmp_path / "whole").stat().st_mode & 0o777 == 0o600

    Chunk.objects.filter(file=file, position=1).update(data=b"b" * 10)
    with pytest.raises(BadFile, match="damaged"):
        fetch(file, tmp_path / "changed")
    Chunk.objects.filter(file=file, position=1).delete()
    with pytest.raises(BadFile, match="damaged"):
        list(read(file))


@pytest.mark.django_db
def test_a_file_over_the_cap_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    """What is too large is refused whole."""
    monkeypatch.setattr(stores, "MAX_BYTES", 10)

    with pytest.raises(Invalid, match="larger than"):
        kept(b"a" * 11)

    assert File.objects.count() == 0
    assert Chunk.objects.count() == 0


@pytest.mark.django_db
def test_retention_drops_what_is_over_and_what_was_never_finished():
    """A file without an end stays; one whose time is over and a half-written one go with chunks."""
    stays = kept(b"stays")
    kept(b"goes", expires_at=NOW)
    half = kept(b"half")
    File.objects.filter(pk=half.pk).update(sha256="")

    assert expire(NOW + timedelta(hours=1)) == 1
    assert expire(NOW + timedelta(days=2)) == 1

    assert list(File.objects.all()) == [stays]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from files_chunk")
        assert cursor.fetchone() == (1,)
