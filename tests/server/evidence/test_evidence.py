"""What evidence says: the values, by hand; the same in each form; and the deed in the audit log."""

import csv
import io
import re
import zipfile
import zlib
from base64 import a85decode
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from access_app import HOUR, NOON
from cast import Role, a_user, acting, scoped

from rolecall.errors import Gone, Invalid, NotAllowed
from rolecall.server.access.models import Account, Grant, Presence, Sync
from rolecall.server.audit.models import Event
from rolecall.server.evidence.export import Asked, export, installation_key
from rolecall.server.evidence.report import stamp
from rolecall.server.evidence.signature import verify
from rolecall.server.people.persons import Draft, add

NOW = NOON + 10 * HOUR
FORMS = ("csv", "xlsx", "pdf")


def taken(actor, tmp_path: Path, **asked) -> Path:
    """The file, as it arrives at somebody's."""
    exported = export(actor, Asked(**{"form": "csv", "until": NOW} | asked), now=NOW)
    path = tmp_path / exported.name
    with exported.file as file:
        path.write_bytes(file.read())
    return path


def read_csv(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Remarks, and rows with their head line."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    remarks = [row for row in rows if row[0].startswith("# ")]
    return remarks, [row for row in rows if not row[0].startswith("# ")]


def read_xlsx(path: Path) -> list[list[list[str]]]:
    """The cells of each sheet, with nothing but a ZIP and an XML reader."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.startswith("xl/worksheets/sheet"))
        sheets = [ET.fromstring(archive.read(name)) for name in names]  # noqa: S314 - ours
    return [
        [[cell.findtext(f".//{space}t") or "" for cell in row] for row in sheet.iter(f"{space}row")]
        for sheet in sheets
    ]


@pytest.mark.usefixtures("three")
def test_access_as_of_a_moment(app, auditor, tmp_path):
    """Who was there after the second sync, by hand: not as it is now, and since when."""
    path = taken(auditor, tmp_path, app=app.public_id, until=NOON + 1.5 * HOUR)
    remarks, (head, *rows) = read_csv(path)

    assert head[:5] == ["Kind", "App", "Account", "E-mail", "Account id"]
    told = {(row[0], row[4], row[7], row[9]) for row in rows}
    assert len(told) == len(rows)
    assert told == {
        ("account", "a", "Has an account", "sync 1"), ("role", "a", "Owner", "sync 1"),
        ("group", "a", "Group g", "sync 1"),
        ("account", "b", "Has an account", "sync 1"), ("role", "b", "Owner", "sync 2"),
        ("account", "c", "Has an account", "sync 2"), ("role", "c", "Member", "sync 2"),
        ("group", "c", "Group g", "sync 2"),
    }  # fmt: skip
    words = "\n".join(": ".join(row) for row in remarks)
    for said in ("# Rows: 3 accounts", "# Rows: 3 roles", "# Rows: 2 groups", "# End: 8 rows",
                 "Acme: sync 2 (syn_", "s old at that moment", "Rae",
                 "Acme: groups, as of sync 2", "# Moment: 2026-11-21T13:30:00Z"):  # fmt: skip
        assert said in words


@pytest.mark.usefixtures("three")
def test_changes_between_two_moments(app, auditor, tmp_path):
    """Everything that was seen after the first, up to the second: what came and went within too."""
    at = {"since": NOON + 0.5 * HOUR, "until": NOON + 3 * HOUR}
    remarks, (head, *rows) = read_csv(taken(auditor, tmp_path, app=app.public_id, **at))

    assert head[0] == "What"
    told = sorted((row[0], row[4], row[6], row[7], row[9]) for row in rows)
    assert told == sorted([
        ("joined", "c", "Member", "", "sync 2"), ("added to", "c", "Group g", "", "sync 2"),
        ("role changed", "b", "Owner", "Member", "sync 2"),
        ("removed from", "b", "Group g", "", "sync 2"),
        ("left", "b", "", "Owner", "sync 3"), ("removed from", "c", "Group g", "", "sync 3"),
        ("added to", "c", "Group h", "", "sync 3"),
        ("group created", "", "Group h", "", "sync 3"),
    ])  # fmt: skip
    assert any(row[1].startswith("Acme: 2 syncs, from sync 2") for row in remarks)


@pytest.mark.usefixtures("three")
def test_the_same_question_has_the_same_answer_later(app, auditor, sync, tmp_path):
    """What is told of a past moment does not change with what comes after it."""
    from workspaces import a_workspace  # noqa: PLC0415 - its folder is known by now

    asked = {"app": app.public_id, "until": NOON + 1.5 * HOUR}
    before = read_csv(taken(auditor, tmp_path, **asked))
    sync(a_workspace({"a": "member"}, {"g": []}), 4)
    after = read_csv(taken(auditor, tmp_path, **asked))

    assert before[1] == after[1]
    assert end_of(before[0]) == end_of(after[0])
    now = read_csv(taken(auditor, tmp_path, app=app.public_id))
    assert end_of(now[0]) != end_of(after[0])


def end_of(remarks: list[list[str]]) -> list[str]:
    """How many rows there were, and their digest."""
    (found,) = (row for row in remarks if row[0] == "# End")
    return found


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("since", [None, NOON])
def test_a_file_proves_itself(app, auditor, tmp_path, *, form, since):
    """In each form: accepted with our key; the audit row has its digest; one byte less, refused."""
    path = taken(auditor, tmp_path, app=app.public_id, form=form, since=since)
    found = verify(path, (installation_key(),))
    event = Event.objects.latest("id")

    assert (event.action, event.target_id, event.scope) == (
        f"evidence:{'changes' if since else 'access'}:export", app.public_id, app.public_id,
    )  # fmt: skip
    assert event.detail["sha256"] == found.sha256
    assert (event.detail["form"], event.detail["key"]) == (form, installation_key())
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 97)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(Exception, match=r"was changed|no signature|not made with"):
            verify(path)


@pytest.mark.usefixtures("three")
def test_all_forms_say_the_same(app, auditor, tmp_path):
    """The rows of XLSX are those of CSV, and so is their digest; PDF names the same digest."""
    files = {form: taken(auditor, tmp_path, app=app.public_id, form=form) for form in FORMS}
    remarks, rows = read_csv(files["csv"])
    about, sheet = read_xlsx(files["xlsx"])
    digest = end_of(remarks)[2].removeprefix("SHA-256 ")

    assert sheet == rows
    assert about[-1] == ["End", f"{len(rows) - 1} rows, SHA-256 {digest}"]
    assert {event.detail["rows_sha256"] for event in Event.objects.all() if event.detail} >= {
        digest
    }
    assert [row[0] for row in about[1:-1]] == [row[0].removeprefix("# ") for row in remarks[1:-2]]
    pdf = files["pdf"].read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"%%EOF" in pdf[-1024:]
    assert pages_of(pdf) == 1


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF says it has."""
    return int(re.search(rb"/Count (\d+)", pdf)[1])


def drawn(pdf: bytes) -> bytes:
    """What its pages draw, uncompressed."""
    streams = re.findall(rb"stream\r?\n(Gb.*?~>)\s*endstream", pdf, re.DOTALL)
    return b"".join(zlib.decompress(a85decode(one, adobe=False)) for one in streams)


def test_hostile_and_foreign_names(app, sync, auditor, tmp_path):
    """A formula is no formula in CSV, and text in XLSX; no name looks like the end of the rows."""
    from workspaces import a_workspace  # noqa: PLC0415 - its folder is known by now

    workspace = a_workspace({"a": "owner", "b": "member"}, {})
    workspace.members["a"].name = '=HYPERLINK("http://x")'
    workspace.members["b"].name = "Łukasz 山田 \u202egnp.exe # End"
    sync(workspace, 0)
    remarks, rows = read_csv(taken(auditor, tmp_path, app=app.public_id))
    sheet = read_xlsx(taken(auditor, tmp_path, app=app.public_id, form="xlsx"))[1]
    pdf = taken(auditor, tmp_path, app=app.public_id, form="pdf")

    assert '\'=HYPERLINK("http://x")' in {row[2] for row in rows}
    assert '=HYPERLINK("http://x")' in {row[2] for row in sheet}
    assert "Łukasz 山田 \u202egnp.exe # End" in {row[2] for row in rows} & {row[2] for row in sheet}
    assert len(end_of(remarks)) == 3
    assert verify(pdf)


@pytest.mark.usefixtures("three")
def test_one_person_everywhere(auditor, tmp_path):
    """The accounts that are theirs, as they were; no access is no rows, and signed as well."""
    from rolecall.server.access import accounts  # noqa: PLC0415 - beside what it is for

    ada = acting(a_user("ada@acme.example", Role.SUPER))
    person = add(ada, Draft(name="Bo", emails=["b@acme.example"]), now=NOON + 5 * HOUR)
    account = Account.objects.get(external_id="b")
    accounts.set_person(ada, account.public_id, person.public_id, now=NOON + 5 * HOUR)
    asked = {"person": person.public_id}
    then = read_csv(taken(auditor, tmp_path, until=NOON + 1.5 * HOUR, **asked))[1]
    remarks, (_head, *now) = read_csv(taken(auditor, tmp_path, **asked))

    assert [(row[0], row[7]) for row in then[1:]] == [
        ("account", "Has an account"), ("role", "Owner")
    ]  # fmt: skip
    assert now == []
    assert end_of(remarks)[:2] == ["# End", "0 rows"]
    changes = read_csv(taken(auditor, tmp_path, since=NOON, **asked))[1]
    assert {row[4] for row in changes[1:]} == {"b"}
    assert Event.objects.latest("id").target_id == person.public_id


@pytest.mark.usefixtures("three")
def test_what_is_refused(app, auditor, tmp_path):
    """Moments that make no sense, of which nothing is known, or to come; who may not; no trace."""
    before = Event.objects.count()
    for wrong in (
        {"until": NOON - HOUR}, {"until": NOW + timedelta(hours=1)},
        {"since": NOW, "until": NOON}, {"since": NOON, "until": NOON},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            taken(auditor, tmp_path, app=app.public_id, **wrong)
    with pytest.raises(Gone):
        taken(auditor, tmp_path, app="app_none")
    stranger = acting(a_user("mo@acme.example", Role.MEMBER))
    elsewhere = acting(scoped(a_user("el@acme.example"), Role.APP_OWNER, "app_other"))
    for actor in (stranger, elsewhere):
        with pytest.raises(NotAllowed):
            taken(actor, tmp_path, app=app.public_id)

    assert Event.objects.count() == before


@pytest.mark.usefixtures("three")
def test_since_when_is_said_as_every_moment_is(app, auditor, tmp_path):
    """To the second that had begun, in UTC: the database writes it as `stamp` does."""
    at = (NOON - 3 * HOUR).replace(microsecond=999_999)
    Grant.objects.filter(account__external_id="a").update(from_at=at)
    _remarks, rows = read_csv(taken(auditor, tmp_path, app=app.public_id))

    assert {row[8] for row in rows if row[4] == "a" and row[0] != "account"} == {stamp(at)}
    there = Presence.objects.get(account__external_id="c", until_at=None).from_at
    assert {row[8] for row in rows if row[4] == "c" and row[0] == "account"} == {stamp(there)}


def test_a_sync_without_news_is_told(app, auditor, sync, tmp_path):
    """No change is an answer too: how often it was looked, and nothing seen."""
    from workspaces import a_workspace  # noqa: PLC0415 - its folder is known by now

    workspace = a_workspace({"a": "owner"}, {})
    for hours in range(3):
        sync(workspace, hours)
    remarks, rows = read_csv(taken(auditor, tmp_path, app=app.public_id, since=NOON + HOUR / 2))

    assert rows[1:] == []
    assert ["# Rows", "0: no change was seen"] in remarks
    assert Sync.objects.count() == 3
