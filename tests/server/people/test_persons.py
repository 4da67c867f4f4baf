"""Persons by hand, and by file: what is shown before is what is done, or nothing is."""

import csv
import io

import pytest
from cast import LATER, NOW, Role, a_user, acting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.files.models import File
from rolecall.server.people import changed, persons
from rolecall.server.people.models import Person, User
from rolecall.server.people.persons import Draft
from rolecall.server.people.roster import importing
from rolecall.server.people.roster.reading import read
from rolecall.server.tables.sheet import MAX_ROWS

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch):
    """What the nouns above were told."""
    calls = []

    def listen(people, addresses, *, now):
        del now
        calls.append((set(people), set(addresses)))

    monkeypatch.setattr(changed, "_listeners", {"test": listen})
    return calls


def roster(*rows: str, header: str = "name,email") -> bytes:
    """A file."""
    return "\n".join([header, *rows, ""]).encode()


def bring(actor: Actor, data: bytes, *, absent_left: bool = False) -> importing.Counts:
    """Preview and apply."""
    seen = importing.preview(actor, data, name="r.csv", now=NOW)
    return importing.apply(
        actor, seen.file, digest=seen.plan.digest, absent_left=absent_left, now=LATER
    )


def everybody() -> dict[str, tuple[str, str, list[str]]]:
    """Name → status, manager, folded addresses."""
    rows = Person.objects.select_related("manager").prefetch_related("emails")
    return {
        one.name: (
            one.status,
            one.manager.name if one.manager else "",
            [email.folded for email in one.emails.all()],
        )
        for one in rows
    }


def test_add_and_edit(ada: User, told):
    """Addresses belong to one person; the nouns above hear of old ones and new ones."""
    pia = persons.add(acting(ada), Draft(name="Pia", emails=["Pia@X.org", "p@y.org"]), now=NOW)
    persons.edit(acting(ada), pia.public_id, Draft(name="Pia B", emails=["p@y.org"]), now=LATER)
    with pytest.raises(Conflict, match="belongs to Pia B"):
        persons.add(acting(ada), Draft(name="Quin", emails=["P@Y.org"]), now=NOW)

    assert everybody() == {"Pia B": ("active", "", ["p@y.org"])}
    assert told == [
        ({pia.pk}, {"pia@x.org", "p@y.org"}),
        ({pia.pk}, {"pia@x.org", "p@y.org"}),
    ]
    noted = Event.objects.get(action="person:edit").detail["changed"]
    assert noted["name"] == ["Pia", "Pia B"]


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (Draft(name=" "), Invalid),
        (Draft(name="x" * 201), Invalid),
        (Draft(name="x", emails=["nothing"]), Invalid),
        (Draft(name="x", manager="per_nobody"), Gone),
    ],
)
def test_drafts_that_make_no_sense(ada: User, draft, error):
    """They change nothing."""
    with pytest.raises(error):
        persons.add(acting(ada), draft, now=NOW)
    assert not Person.objects.exists()


def test_nobody_manages_themselves(ada: User):
    """Neither directly nor through others."""
    one = persons.add(acting(ada), Draft(name="One"), now=NOW)
    two = persons.add(acting(ada), Draft(name="Two", manager=one.public_id), now=NOW)
    for draft in (
        Draft(name="One", manager=two.public_id),
        Draft(name="One", manager=one.public_id),
    ):
        with pytest.raises(Invalid, match="their own manager"):
            persons.edit(acting(ada), one.public_id, draft, now=NOW)
    assert everybody()["One"] == ("active", "", [])


def test_leave_and_return(ada: User, told):
    """Both are moments with a reason, and neither happens twice."""
    pia = persons.add(acting(ada), Draft(name="Pia", emails=["p@y.org"]), now=NOW)
    persons.leave(acting(ada), pia.public_id, reason="retired", now=LATER)
    with pytest.raises(Conflict):
        persons.leave(acting(ada), pia.public_id, now=LATER)
    pia.refresh_from_db()
    assert (pia.status, pia.left_at) == ("left", LATER)
    persons.return_(acting(ada), pia.public_id, now=LATER)
    pia.refresh_from_db()

    assert (pia.status, pia.left_at) == ("active", None)
    assert len(told) == 3


def test_only_super_administrators_change_people(ada: User):
    """An auditor reads."""
    eve = acting(a_user("eve@example.com", Role.AUDITOR))
    pia = persons.add(acting(ada), Draft(name="Pia"), now=NOW)
    for attempt in (
        lambda: persons.add(eve, Draft(name="x"), now=NOW),
        lambda: persons.edit(eve, pia.public_id, Draft(name="x"), now=NOW),
        lambda: persons.leave(eve, pia.public_id, now=NOW),
        lambda: persons.return_(eve, pia.public_id, now=NOW),
        lambda: importing.preview(eve, roster(), name="r", now=NOW),
        lambda: importing.look(eve, "fil_x", now=NOW),
        lambda: importing.apply(eve, "fil_x", digest="", absent_left=True, now=NOW),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_a_roster_adds_changes_and_leaves(ada: User, told):
    """The life of a roster: first file, second file with changes, absent rows only on a yes."""
    header = "name,email,other_emails,title,department,manager"
    first = roster(
        "Bo,bo@x.org,,Chief,Board,",
        "Cy,cy@x.org,c@y.org d@y.org,,Design,BO@x.org",
        "Di,di@x.org,,,Design,cy@x.org",
        header=header,
    )
    assert vars(bring(acting(ada), first)) == {"added": 3, "changed": 0, "returned": 0, "left": 0}
    assert everybody()["Cy"] == ("active", "Bo", ["cy@x.org", "c@y.org", "d@y.org"])
    persons.add(acting(ada), Draft(name="By hand"), now=NOW)

    second = roster("Bo,bo@x.org,,Chief,Board,", "Cyd,c@y.org,,,Design,", header=header)
    seen = importing.preview(acting(ada), second, name="r.csv", now=NOW)
    assert [one.name for one in seen.plan.absent] == ["Di"]
    assert [sorted(one.changes) for one in seen.plan.changed] == [["emails", "manager", "name"]]
    bring(acting(ada), second)
    assert everybody()["Di"] == ("active", "Cyd", ["di@x.org"])
    assert everybody()["Cyd"] == ("active", "", ["c@y.org"])

    done = bring(acting(ada), second, absent_left=True)
    assert done.left == 1
    assert everybody()["Di"][0] == "left"
    assert everybody()["By hand"][0] == "active"

    assert bring(acting(ada), first).returned == 1
    assert everybody()["Di"][0] == "active"
    assert all(people for people, _addresses in told[:1])
    assert Event.objects.filter(action="person:import").count() == 4
    assert File.objects.count() == 1  # the preview that nobody applied


def test_a_column_that_is_not_there_changes_nothing(ada: User):
    """Title, department, manager and other addresses stay."""
    boss = persons.add(acting(ada), Draft(name="Boss", emails=["b@x.org"]), now=NOW)
    draft = Draft(
        name="Pia", emails=["p@x.org", "p@y.org"], title="T", department="D", manager=boss.public_id
    )
    persons.add(acting(ada), draft, now=NOW)
    bring(acting(ada), roster("Pia Neu,p@y.org"))

    pia = Person.objects.get(name="Pia Neu")
    assert (pia.title, pia.department, pia.manager_id, pia.source) == ("T", "D", boss.pk, "csv")
    assert everybody()["Pia Neu"][2] == ["p@y.org", "p@x.org"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["Bo,nothing"], "Row 2: 'nothing' is not an e-mail address."),
        ([",bo@x.org"], "Row 2: The name is missing."),
        (["Bo,"], "Row 2: The e-mail address is missing."),
        (["Bo,bo@x.org", "", "Cy,BO@x.org"], "Row 4: bo@x.org is in row 2 too."),
        (["Bo,bo@x.org,more"], "Row 2: It has more cells than the header."),
        (["x" * 201 + ",bo@x.org"], "Row 2: The name has more than 200 characters."),
        (['"B\no",bo@x.org', "Cy,"], "Row 4: The e-mail address is missing."),
    ],
)
def test_faults_have_numbers_and_change_nothing(ada: User, rows, said):
    """One bad row stops the file, and the page says which and why."""
    seen = importing.preview(acting(ada), roster("Ok,ok@x.org", *rows), name="r", now=NOW)
    said = said.replace(said.split(":")[0], f"Row {int(said.split(':')[0][4:]) + 1}")
    said = said.replace("in row 2", "in row 3")

    assert [str(one) for one in seen.plan.faults] == [said]
    with pytest.raises(Conflict, match="faults"):
        importing.apply(acting(ada), seen.file, digest=seen.plan.digest, absent_left=True, now=NOW)
    assert not Person.objects.exists()


def test_faults_that_only_the_company_knows(ada: User):
    """Addresses of two people, a manager nobody knows, a circle of managers."""
    for name in ("a", "b"):
        persons.add(acting(ada), Draft(name=name, emails=[f"{name}@x.org"]), now=NOW)
    header = "name,email,other_emails,manager"

    def faults(*rows: str) -> list[str]:
        data = roster(*rows, header=header)
        return [
            str(one) for one in importing.preview(acting(ada), data, name="r", now=NOW).plan.faults
        ]

    assert faults("x,a@x.org,b@x.org,") == [
        "Row 2: Its addresses belong to several people: a and b."
    ]
    assert faults("x,x@x.org,,no@x.org") == [
        "Row 2: The manager no@x.org is neither in the file nor known."
    ]
    assert faults("x,x@x.org,,x@x.org") == ["Row 2: They would be their own manager."]
    circle = faults("x,x@x.org,,y@x.org", "y,y@x.org,,a@x.org", "a,a@x.org,,x@x.org")
    assert len(circle) == 1
    assert "their own manager" in circle[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no name and no email"),
        (b"name\n", "no email"),
        (b"name,email,Name\n", "twice"),
        ("name,email\nÄ,ä@x.org".encode("latin-1"), "not UTF-8"),
        (b'name,email\n"a,b\n', "CSV"),
        (b"name,email\n\0,x\n", "no text"),
        (b"name,email\n" + b"a,b\n" * (MAX_ROWS + 1), "more than"),
    ],
)
def test_files_that_are_none(data: bytes, said: str):
    """Refused whole, with what to do."""
    with pytest.raises(Invalid, match=said) as caught:
        read(data)
    assert caught.value.hint


def test_semicolons_and_a_mark_at_the_beginning():
    """What spreadsheets export is read."""
    sheet = read("\ufeffName;E-mail;email\nBo;x;bo@x.org\n".encode())

    assert [(row.name, list(row.emails)) for row in sheet.rows] == [("Bo", ["bo@x.org"])]
    assert sheet.ignored == ("e-mail",)


def test_what_was_shown_is_what_is_done(ada: User):
    """If people changed since the preview, nothing is done."""
    seen = importing.preview(acting(ada), roster("Bo,bo@x.org"), name="r", now=NOW)
    persons.add(acting(ada), Draft(name="Bo", emails=["bo@x.org"]), now=NOW)

    with pytest.raises(Conflict, match="since this preview"):
        importing.apply(acting(ada), seen.file, digest=seen.plan.digest, absent_left=False, now=NOW)
    with pytest.raises(Gone):
        importing.look(acting(ada), seen.file, now=seen_until())


def seen_until():
    """When a kept file is gone."""
    return File.objects.get().expires_at


NAMES = st.text("abcé 🙂'\"=,;\n", min_size=1, max_size=8).filter(lambda name: name.split())
PEOPLE = st.dictionaries(st.sampled_from([f"{c}@x.org" for c in "abcdef"]), NAMES, max_size=6)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PEOPLE, PEOPLE)
def test_any_two_rosters(ada: User, first: dict[str, str], second: dict[str, str]):
    """After both, the active people are those of the second, and it changes nothing more."""
    Person.objects.all().delete()
    for people in (first, second):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([["name", "email"], *((name, email) for email, name in people.items())])
        bring(acting(ada), text.getvalue().encode(), absent_left=True)

    active = Person.objects.filter(status="active")
    assert {one.emails.get().folded: one.name for one in active} == {
        email: " ".join(name.split()) for email, name in second.items()
    }
    again = importing.preview(acting(ada), text.getvalue().encode(), name="r", now=NOW).plan
    assert (again.added, again.changed, again.returned, again.absent) == ((), (), (), ())
