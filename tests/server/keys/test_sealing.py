"""What is sealed opens with the keys, for the row it was sealed for, and nowhere else."""

import base64
import json
import os
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import BadConfig
from rolecall.server.keys import rotation
from rolecall.server.keys.sealing import seal, unseal


@pytest.fixture
def keys_file():
    """The keys file of this session, put back as it was."""
    path = Path(settings.CONFIG.keys_file)
    before = path.read_bytes()
    yield path
    path.write_bytes(before)
    os.utime(path)


@given(st.binary(), st.binary())
def test_what_was_sealed_comes_back(plain: bytes, aad: bytes):
    """For any bytes and any row."""
    key_id, sealed = seal(plain, aad)

    assert unseal(key_id, sealed, aad) == plain
    assert not plain or plain not in sealed or len(plain) < 4


def test_equal_secrets_do_not_look_equal():
    """Each sealing has a nonce of its own."""
    assert seal(b"secret", b"row")[1] != seal(b"secret", b"row")[1]


@pytest.mark.parametrize("place", range(0, 34, 3))
def test_a_changed_byte_is_noticed(place: int):
    """Wherever it is: nonce, text or tag."""
    key_id, sealed = seal(b"secret", b"row")
    damaged = bytearray(sealed)
    damaged[place] ^= 1

    with pytest.raises(BadConfig, match="cannot be opened"):
        unseal(key_id, bytes(damaged), b"row")


def test_a_secret_moved_to_another_row_does_not_open():
    """The row is part of what is proved."""
    key_id, sealed = seal(b"secret", b"row 1")

    with pytest.raises(BadConfig, match="moved to another row"):
        unseal(key_id, sealed, b"row 2")


def test_a_lost_key_is_named(keys_file: Path):
    """Who restores an old keys file learns which key is missing."""
    sealed = seal(b"secret", b"row")[1]

    with pytest.raises(BadConfig, match="k7"):
        unseal("k7", sealed, b"row")
    keys_file.unlink()
    with pytest.raises(BadConfig, match="cannot be read"):
        unseal("k1", sealed, b"row")


@pytest.mark.django_db
def test_a_new_key_reaches_a_running_process_and_loses_nothing(keys_file: Path):
    """New secrets are sealed with it, old ones open with the old, and rows are sealed again."""
    rows = {"row 1": seal(b"one", b"row 1"), "row 2": seal(b"two", b"row 2")}
    before = dict(rows)

    def again(active: str) -> int:
        old = {name: row for name, row in rows.items() if row[0] != active}
        for name, (key_id, sealed) in old.items():
            rows[name] = seal(unseal(key_id, sealed, name.encode()), name.encode())
        return len(old)

    keys = json.loads(keys_file.read_bytes())
    keys |= {"active": "k2", "keys": {**keys["keys"], "k2": base64.b64encode(bytes(32)).decode()}}
    keys_file.write_text(json.dumps(keys), encoding="ascii")
    rotation.register("tests", again)
    try:
        done = rotation.reseal()
    finally:
        rotation.register("tests", lambda _: 0)

    assert done["tests"] == 2
    assert {key_id for key_id, _ in rows.values()} == {"k2"}
    assert [unseal(*row, name.encode()) for name, row in rows.items()] == [b"one", b"two"]
    assert unseal(*before["row 1"], b"row 1") == b"one"
