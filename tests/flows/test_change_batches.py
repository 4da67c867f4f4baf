"""`rolecall-notion apply`: files of changes, their order, their failures, and the cap."""

import csv
import io
import json
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

import pytest
from running import PROGRAM, Command, Ended, ended, to

from notion_sim import Options, Simulator

HEADER = ("operation", "who", "entitlement", "group", "name", "role", "title")
MANY = Options(users=40, groups=3, members_per_group=3, seed=7, gaps_percent=0)


def apply(
    command: Command, sim: Simulator, rows: Sequence[Sequence[str]], *words: str
) -> tuple[Ended, list[dict[str, Any]]]:
    """Write the rows to a file, carry it out, and read what became of each."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    (command.folder / "b.csv").write_text(text.getvalue(), encoding="utf-8")
    ended = command("apply", "b.csv", "-o", "json", *words, **to(sim))
    return ended, json.loads(ended.out) if ended.out else []


def people(sim: Simulator, role: str = "member") -> list[str]:
    """E-mail addresses of all with a role, in the order of the workspace."""
    return [one["email"] for one in sim.state()["members"] if one["role"] == role]


def members(sim: Simulator, name: str) -> set[str]:
    """E-mail addresses of the members of a group."""
    called = {one["id"]: one["email"] for one in sim.state()["members"]}
    (found,) = (g for g in sim.state()["groups"] if g["name"] == name)
    return {called[one] for one in found["members"]}


def patches(sim: Simulator) -> int:
    """How many requests were sent to change groups."""
    return sum(r["method"] == "PATCH" and "/Groups/" in r["path"] for r in sim.requests())


def outcomes(lines: Sequence[dict[str, Any]]) -> list[str]:
    """What became of each row."""
    return [line["outcome"] for line in lines]


ONBOARDING = (
    ("account create", "zoe@larkspur.example", "", "", "Zoe New", "", "Boss"),
    ("group create", "", "", "", "Moon", "", ""),
    ("group add", "zoe@larkspur.example", "", "Moon", "", "", ""),
    ("grant", "zoe@larkspur.example", "membership_admin", "", "", "", ""),
    ("group rename", "", "", "Moon", "Sun", "", ""),
    ("group add", "zoe@larkspur.example", "", "Sun", "", "", ""),
)


def test_rows_build_on_each_other(sim: Simulator, command: Command):
    """Somebody who joins in one row gets role and group in the next ones; a second run is calm."""
    first, lines = apply(command, sim, ONBOARDING)
    sim.clear_requests()
    second, again = apply(command, sim, ONBOARDING[4:])

    assert (first.status, second.status) == (0, 0)
    assert outcomes(lines) == ["done", "done", "done", "done", "done", "already"]
    assert members(sim, "Sun") == {"zoe@larkspur.example"}
    assert people(sim, "membership_admin").count("zoe@larkspur.example") == 1
    assert outcomes(again) == ["already", "already"]
    assert {r["method"] for r in sim.requests()} == {"GET"}


def test_people_of_one_group_share_a_request(sim: Simulator, command: Command):
    """All additions to a group go in one PATCH, wherever they stand, and share a journal entry."""
    for name in ("Moon", "Sun"):
        sim.add_group(name)
    mine = people(sim)[:3]
    rows = [("group add", one, "", name, "", "", "") for one in mine for name in ("Moon", "Sun")]
    ended, lines = apply(command, sim, rows)

    assert ended.status == 0
    assert patches(sim) == 2
    assert len({line["entry"] for line in lines}) == 2
    assert members(sim, "Moon") == members(sim, "Sun") == set(mine)


def test_a_new_group_is_filled_at_once(sim: Simulator, command: Command):
    """Rows that had to wait for a group share a request as well."""
    rows = [("group create", "", "", "", "Moon", "", "")]
    rows += [("group add", one, "", "Moon", "", "", "") for one in people(sim)]
    ended, _ = apply(command, sim, rows)

    assert ended.status == 0
    assert patches(sim) == 1
    assert members(sim, "Moon") == set(people(sim))


def test_the_order_of_rows_counts(sim: Simulator, command: Command):
    """In, out, and in again leaves the person in; nothing is put together across the middle."""
    sim.add_group("Moon")
    ana, ben = people(sim)[:2]
    rows = [
        ("group add", ana, "", "Moon", "", "", ""),
        ("group remove", ana, "", "Moon", "", "", ""),
        ("group add", ana, "", "Moon", "", "", ""),
        ("group add", ben, "", "Moon", "", "", ""),
        ("group remove", ben, "", "Moon", "", "", ""),
    ]
    ended, lines = apply(command, sim, rows)

    assert ended.status == 0
    assert outcomes(lines) == ["done"] * 5
    assert members(sim, "Moon") == {ana}


def test_the_same_row_twice(sim: Simulator, command: Command):
    """The second of two equal rows is already so."""
    sim.add_group("Moon")
    row = ("group add", people(sim)[0], "", "Moon", "", "", "")
    _, lines = apply(command, sim, [row, row])

    assert outcomes(lines) == ["done", "already"]
    assert patches(sim) == 1


def bad_and_good(sim: Simulator) -> list[tuple[str, ...]]:
    """Three bad rows of different kinds among good ones."""
    ana, ben = people(sim)[:2]
    return [
        ("grant", "nobody@larkspur.example", "owner", "", "", "", ""),
        ("grant", ana, "owner", "", "", "", ""),
        ("fly", ben, "", "", "", "", ""),
        ("group add", ben, "", "No Such", "", "", ""),
        ("grant", ben, "membership_admin", "", "", "", ""),
    ]


def test_a_bad_row_does_not_stop_the_others(sim: Simulator, command: Command):
    """Good rows are carried out, bad ones say why not, and the first failure is the status."""
    rows = bad_and_good(sim)
    ended, lines = apply(command, sim, rows)

    assert ended.status == 5
    assert outcomes(lines) == ["failed", "done", "failed", "failed", "done"]
    assert [line["code"] for line in lines] == [5, 0, 3, 5, 0]
    assert [line["row"] for line in lines] == [2, 3, 4, 5, 6]
    assert rows[1][1] in people(sim, "owner")


def test_stop_on_error_does_nothing_on_a_bad_plan(sim: Simulator, command: Command):
    """With --stop-on-error a file with a bad row changes nothing at all."""
    before = sim.state()
    ended, lines = apply(command, sim, bad_and_good(sim), "--stop-on-error")

    assert ended.status == 5
    assert outcomes(lines) == ["failed", "not tried", "failed", "failed", "not tried"]
    assert sim.state()["members"] == before["members"]


def test_stop_on_error_stops_at_a_refusal(sim: Simulator, command: Command):
    """What Notion refuses on the way ends the batch there, and what was done stays done."""
    ana, ben = people(sim)[:2]
    sim.add_user("kim@elsewhere.example", name="Kim")
    rows = [
        ("grant", ana, "owner", "", "", "", ""),
        ("account update", "kim@elsewhere.example", "", "", "", "", "Boss"),
        ("grant", ben, "owner", "", "", "", ""),
    ]
    ended, lines = apply(command, sim, rows, "--stop-on-error")

    assert ended.status == 7
    assert outcomes(lines) == ["done", "failed", "not tried"]
    assert ben not in people(sim, "owner")


def test_one_who_left_does_not_keep_the_others_out(sim: Simulator, command: Command):
    """If Notion refuses people of a group together, they are asked for in smaller parts."""
    sim.add_group("Moon")
    everybody = people(sim)
    left = next(one for one in sim.state()["members"] if one["email"] == everybody[1])
    rule = {"name": "x", "when": {"method": "PATCH"}, "fault": "meddle"}
    sim.set_faults([{**rule, "do": "leave", "user": left["id"]}])
    rows = [("group add", one, "", "Moon", "", "", "") for one in everybody]
    ended, lines = apply(command, sim, rows)

    assert ended.status == 5
    assert outcomes(lines) == ["failed" if one == left["email"] else "done" for one in everybody]
    assert members(sim, "Moon") == set(everybody) - {left["email"]}


def test_when_notion_is_gone_the_rest_is_not_tried(sim: Simulator, command: Command):
    """A token that dies in the middle ends the batch; what was done before is told."""
    ana, ben, kim = people(sim)[:3]
    rows = [("grant", one, "owner", "", "", "", "") for one in (ana, ben, kim)]
    rule = {"name": "x", "when": {"method": "PATCH", "after": 8}, "fault": "token_revoked"}
    sim.set_faults([rule])
    ended, lines = apply(command, sim, rows)

    assert sim.fired() == {"x": 1}
    assert ended.status != 0
    assert outcomes(lines)[0] == "done"
    assert outcomes(lines)[-1] == "not tried"
    assert kim not in people(sim, "owner")


def test_an_interrupted_batch_tells_what_it_did(sim: Simulator, command: Command):
    """SIGTERM in the middle: done rows are told, and giving the file again does the rest."""
    rows = [("grant", one, "membership_admin", "", "", "", "") for one in people(sim)[:4]]
    apply(command, sim, rows, "--dry-run")
    sim.clear_requests()
    sim.set_faults([{"name": "x", "when": {"method": "PATCH"}, "fault": "slow", "times": 0}])
    process = command.start("apply", "b.csv", "-o", "json", **to(sim))
    deadline = time.monotonic() + 20
    while sum(r["method"] == "PATCH" for r in sim.requests()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    sim.set_faults([])
    again, lines = apply(command, sim, rows)
    journal = json.loads(command("journal", "-o", "json").out)

    assert stopped.status == 1
    assert outcomes(json.loads(stopped.out)) == ["done"]
    assert again.status == 0
    assert outcomes(lines)[0] == "already"
    assert {line["outcome"] for line in lines} == {"already", "done"}
    assert {one["state"] for one in journal} == {"verified"}
    assert set(people(sim, "membership_admin")) >= {row[1] for row in rows}


def test_a_dry_run_plans_every_row(sim: Simulator, command: Command):
    """The plan of a file shows every row, what waits for another, and changes nothing."""
    before = sim.state()
    ended, lines = apply(command, sim, ONBOARDING, "--dry-run")
    table = command("apply", "b.csv", "-n", **to(sim))

    assert (ended.status, table.status) == (0, 0)
    assert outcomes(lines) == ["planned"] * 6
    assert "Depends on row 2" in lines[3]["says"]
    assert table.out.splitlines()[0].split() == ["row", "outcome", "says", "undo"]
    assert sim.state()["members"] == before["members"]
    assert sim.state()["groups"] == before["groups"]


def test_standard_input_and_spreadsheets(sim: Simulator, command: Command):
    """`-` reads standard input; a byte order mark, odd spelling and empty lines do not matter."""
    ana = people(sim)[0]
    text = f"\ufeffOperation,Who,Given name\r\n\r\nAccount-Update , {ana} ,Annabel\r\n,,\r\n"
    ran = subprocess.run(
        [PROGRAM, "apply", "-", "-o", "csv"],
        cwd=command.folder,
        env={**command.environ, **to(sim)},
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    (line,) = csv.DictReader(io.StringIO(ran.stdout.decode()))
    (shown,) = (one for one in sim.state()["members"] if one["email"] == ana)

    assert ran.returncode == 0
    assert (line["row"], line["outcome"]) == ("3", "done")
    assert shown["given"] == "Annabel"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"operation,who\n",
        b"who,entitlement\nana,owner\n",
        b"operation,whom\ngrant,ana\n",
        b"operation,who,who\ngrant,ana,ana\n",
        b"\xff\xfe",
        b'operation,who\n"grant,ana\n' + b"x" * 200_000,
    ],
    ids=["empty", "no rows", "no verb", "odd column", "twice", "no text", "no end"],
)
def test_a_file_that_is_no_table_of_changes(sim: Simulator, command: Command, text: bytes):
    """A file that cannot be understood as a whole changes nothing, and no journal is begun."""
    (command.folder / "b.csv").write_bytes(text)
    ended = command("apply", "b.csv", **to(sim))

    assert ended.status == 3
    assert sim.requests() == []
    assert command.left() == ["b.csv"]


@pytest.fixture
def many(sim: Simulator) -> Simulator:
    """A workspace of forty people, of whom ten may be changed within an hour."""
    sim.reset(MANY)
    return sim


def grants(who: Sequence[str], role: str = "membership_admin") -> list[tuple[str, ...]]:
    """A role for each."""
    return [("grant", one, role, "", "", "", "") for one in who]


def test_the_cap_is_over_the_whole_plan(many: Simulator, command: Command):
    """Eleven people at once are refused before the first is changed, with the exact number."""
    before = many.state()
    ended, lines = apply(command, many, grants(people(many)[:11]))
    planned, _ = apply(command, many, grants(people(many)[:11]), "--dry-run")

    assert (ended.status, planned.status) == (9, 9)
    assert "--yes-really 11" in ended.err
    assert lines == []
    assert many.state()["members"] == before["members"]


def test_the_number_must_be_exact(many: Simulator, command: Command):
    """A number that is too small or too large is no agreement; the exact one is."""
    rows = grants(people(many)[:12])
    statuses = [
        apply(command, many, rows, "--yes-really", number)[0].status
        for number in ("11", "13", "1000", "12")
    ]

    assert statuses == [9, 9, 9, 0]
    assert len(people(many, "membership_admin")) >= 12


def test_the_hour_counts(many: Simulator, command: Command):
    """Who was changed before counts; changing the same people again costs nothing more."""
    mine = people(many)
    ten = apply(command, many, grants(mine[:10]))[0]
    same = apply(command, many, grants(mine[:10], "member"))[0]
    more = command("grant", "owner", mine[10], **to(many))
    agreed = command("grant", "owner", mine[10], "--yes-really", "11", **to(many))

    assert [one.status for one in (ten, same, more, agreed)] == [0, 0, 9, 0]
    assert "--yes-really 11" in more.err


def test_somebody_new_counts_once(many: Simulator, command: Command):
    """Who joins and gets a group and a role is one person, by address and by id."""
    new = [f"p{number}@larkspur.example" for number in range(11)]
    name = many.state()["groups"][0]["name"]
    rows = [("account create", one, "", "", "", "", "") for one in new]
    rows += [("group add", one, "", name, "", "", "") for one in new]
    refused, _ = apply(command, many, rows)
    agreed, lines = apply(command, many, rows, "--yes-really", "11")

    assert (refused.status, agreed.status) == (9, 0)
    assert "--yes-really 11" in refused.err
    assert outcomes(lines) == ["done"] * 22
    assert set(new) <= members(many, name)


def test_a_group_counts_its_members(many: Simulator, command: Command):
    """Deleting a group of many is a change to many, and twenty in a new group are twenty."""
    gid = many.add_group("All", [one["id"] for one in many.state()["members"]])
    ended = command("group", "delete", gid, **to(many))
    rows = [("group create", "", "", "", "Moon", "", "")]
    rows += [("group add", one, "", "Moon", "", "", "") for one in people(many)[:20]]
    new, _ = apply(command, many, rows)

    assert (ended.status, new.status) == (9, 9)
    assert "--yes-really 40" in ended.err
    assert "--yes-really 20" in new.err


@pytest.mark.slow
def test_a_thousand_additions(sim: Simulator, command: Command):
    """A thousand rows to ten groups cost far fewer requests than rows, and all is verified."""
    sim.reset(Options(users=150, groups=0, seed=7, gaps_percent=0))
    names = [f"Team {number}" for number in range(10)]
    for name in names:
        sim.add_group(name)
    who = [one["email"] for one in sim.state()["members"]][:100]
    rows = [("group add", one, "", name, "", "", "") for one in who for name in names]
    sim.clear_requests()
    ended, lines = apply(command, sim, rows, "--yes-really", "100")

    assert ended.status == 0
    assert outcomes(lines) == ["done"] * 1000
    assert all(members(sim, name) == set(who) for name in names)
    assert patches(sim) == 10
    assert len(sim.requests()) < 80
