"""An audit row commits or falls with its deed, and the chain of seals shows every later change."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import BadConfig, BrokenChain
from rolecall.server.audit import sealing
from rolecall.server.audit.models import Event, Seal
from rolecall.server.audit.sealing import Checkpoint, append_checkpoint, checkpoints, seal, verify
from rolecall.server.audit.trail import SYSTEM, record

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_trail(number: int) -> list[Event]:
    """So many events, sealed."""
    with transaction.atomic():
        made = [record(SYSTEM, "app:name:change", None, now=NOW, number=n) for n in range(number)]
    seal(NOW)
    return made


@pytest.mark.django_db(transaction=True)
def test_a_row_outside_a_transaction_is_refused():
    """A deed that would not fall with its row is a bug, told at once."""
    with pytest.raises(RuntimeError, match="outside the transaction"):
        record(SYSTEM, "app:name:change", None, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_row_falls_with_its_deed():
    """A transaction that fails leaves no row."""

    def deed() -> None:
        with transaction.atomic():
            record(SYSTEM, "app:name:change", None, now=NOW)
            raise IntegrityError

    with pytest.raises(IntegrityError):
        deed()

    assert Event.objects.count() == 0


@pytest.mark.django_db
def test_a_chain_that_nobody_touched_holds():
    """Sealing twice chains each row once; younger rows are counted, and no fault."""
    a_trail(3)
    a_trail(2)
    record(SYSTEM, "app:name:change", None, now=NOW)

    verdict = verify()

    assert (verdict.sealed, verdict.unsealed) == (5, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        ("update audit_event set actor_name = 'Nobody' where id = {second}", "link 2 does not fit"),
        ("update audit_event set detail = '{{}}' where id = {second}", "link 2 does not fit"),
        ("update audit_event set at = at + interval '1 s' where id = {second}", "link 2 does"),
        ("delete from audit_seal where sequence = 2", "link 2 is missing"),
        ("update audit_seal set sha256 = 'x' where sequence = 3", "link 3 does not fit"),
        ("update audit_seal set event_id = {free} where sequence = 2", "link 2 does not fit"),
    ],
)
def test_a_touched_chain_names_the_place(spoil: str, where: str):
    """Whoever changes, removes or exchanges a sealed row is noticed at that link."""
    second = a_trail(3)[1]
    free = record(SYSTEM, "app:name:change", None, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(spoil.format(second=second.pk, free=free.pk))

    with pytest.raises(BrokenChain, match=where):
        verify()


@pytest.mark.django_db
def test_a_cut_or_rewritten_chain_is_noticed_by_what_was_noted_outside(tmp_path: Path):
    """Without the end, or made anew from the start, a chain fits itself but not the checkpoint."""
    a_trail(3)
    noted = tmp_path / "checkpoints"
    append_checkpoint(noted, seal(NOW))
    assert verify(checkpoints(noted)).checkpoints == 1

    Seal.objects.filter(sequence=3).delete()
    with pytest.raises(BrokenChain, match="link 3 was noted outside the database, and is gone"):
        verify(checkpoints(noted))

    Seal.objects.all().delete()
    Event.objects.filter(pk=Event.objects.order_by("pk")[1].pk).update(reason="rewritten")
    seal(NOW)
    assert verify().sealed == 3
    with pytest.raises(BrokenChain, match="link 3 is not the one"):
        verify(checkpoints(noted))


def test_a_checkpoint_is_noted_once(tmp_path: Path):
    """A minute without deeds adds no line; a file of something else is refused by name."""
    path, point = tmp_path / "checkpoints", Checkpoint(sequence=7, sha256="ab")
    append_checkpoint(path, point)
    append_checkpoint(path, point)

    assert list(checkpoints(path)) == [point]

    path.write_text("not a checkpoint of ours\n")
    with pytest.raises(BadConfig, match="not a file of checkpoints"):
        list(checkpoints(path))
    with pytest.raises(BadConfig, match="cannot be written"):
        append_checkpoint(tmp_path / "missing" / "checkpoints", point)


@given(
    names=st.lists(st.text(max_size=8), min_size=2, max_size=2, unique=True),
    before=st.binary(min_size=32, max_size=32),
)
def test_the_digest_covers_every_fact(names: list[str], before: bytes):
    """Two events that differ in one column have different digests after the same link."""
    facts = {one.name for one in Event._meta.concrete_fields} - {"id", "at"}
    assert {"reason", "detail", "actor_name"} < facts
    for column in facts:
        one, two = (Event(**{"at": NOW, "public_id": "evt_1", column: name}) for name in names)

        assert sealing.digest(one, before) != sealing.digest(two, before), column
