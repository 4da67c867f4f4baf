"""Evidence by the API and by the forms of pages, and the key by the command line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from access_app import HOUR, NOON
from cast import Role, a_user, acting, log_in
from django.conf import settings

from rolecall.server.access import accounts
from rolecall.server.access.models import Account
from rolecall.server.audit.models import Event
from rolecall.server.evidence.export import installation_key
from rolecall.server.evidence.signature import public_key, verify
from rolecall.server.people.persons import Draft, add

THEN = "2026-11-21T12:30:00Z"


@pytest.fixture
def bo(three):  # noqa: ARG001 - there must be accounts
    """Whose account b is."""
    ada = acting(a_user("ada@acme.example", Role.SUPER))
    person = add(ada, Draft(name="Bo"), now=NOON + 3 * HOUR)
    account = Account.objects.get(external_id="b")
    accounts.set_person(ada, account.public_id, person.public_id, now=NOON + 3 * HOUR)
    return person


@pytest.fixture
def browser(db):  # noqa: ARG001 - there must be a database
    """An auditor's."""
    return log_in(a_user("rae@acme.example", Role.AUDITOR))


def test_what_a_person_holds_by_the_api(bo, browser):
    """As on the page, for a moment: account, role and group, what it rests on, since when."""
    told = browser.get(f"/api/people/{bo.public_id}/access?at={THEN}").json()
    (place,) = told["places"]
    (held,) = place["accounts"]

    assert (place["app"]["name"], place["sync"]["number"], told["more"]) == ("Acme", 1, False)
    assert (held["account"]["external_id"], held["matched"]) == ("b", "later")
    assert [one["entitlement"]["name"] for one in held["roles"]] == ["Member"]
    assert [one["entitlement"]["name"] for one in held["groups"]] == ["Group g"]
    assert browser.get("/api/people/per_0000000000000000000000/access").status_code == 404


@pytest.mark.parametrize(("form", "begins"), [("csv", b"# Evi"), ("xlsx", b"PK"), ("pdf", b"%PDF")])
def test_files_by_the_api(bo, app, browser, tmp_path, *, form, begins):
    """Of an app and of a person; each proves itself."""
    for path in (f"/api/apps/{app.public_id}/evidence", f"/api/people/{bo.public_id}/evidence"):
        body = json.dumps({"form": form, "until": THEN})
        answer = browser.post(path, body, content_type="application/json")
        file = tmp_path / "file"
        file.write_bytes(answer.getvalue())

        assert answer.status_code == 200
        assert file.read_bytes().startswith(begins)
        assert verify(file, (installation_key(),))
        assert f'.{form}"' in answer["Content-Disposition"]
    assert Event.objects.filter(action="evidence:access:export").count() == 2


def test_forms_of_the_page(bo, app, browser, tmp_path):
    """What a form sends is a file; what makes no sense is told on the page, and leaves no trace."""
    good = {"app": app.public_id, "what": "changes", "since": "2026-11-21T12:10", "form": "csv"}
    file = tmp_path / "file"
    file.write_bytes(browser.post("/evidence/make", good).getvalue())
    assert verify(file)
    paper = browser.post("/evidence/make", {"person": bo.public_id, "form": "pdf"}).getvalue()
    assert paper.startswith(b"%PDF")
    before = Event.objects.count()
    for wrong in (
        {"form": "doc"}, {"app": ""}, {"since": ""}, {"since": "yesterday"},
        {"since": "2999-01-01"},
    ):  # fmt: skip
        answer = browser.post("/evidence/make", good | wrong)
        assert (answer.status_code, b'role="alert"' in answer.content) == (422, True)

    assert browser.post("/evidence/make", good | {"app": "app_none"}).status_code == 404
    assert Event.objects.count() == before


def test_the_key_by_the_command_line(database, transactional_db, tmp_path):  # noqa: ARG001
    """Printed; made anew, with an audit event that names it; nobody else can read the file."""
    keys = tmp_path / "keys.json"
    shutil.copy(settings.CONFIG.keys_file, keys)
    old = rolecall(keys, database.url(), "keys", "evidence")
    new = rolecall(keys, database.url(), "keys", "evidence", "--new")

    assert old == installation_key() == public_key(bytes(range(32)))
    assert new != old
    assert rolecall(keys, database.url(), "keys", "evidence") == new
    assert keys.stat().st_mode & 0o077 == 0
    event = Event.objects.get(action="installation:keys:evidence")
    assert event.detail == {"key": new}


def rolecall(keys: Path, url: str, *words: str) -> str:
    """What the command prints."""
    environ = {
        "PATH": os.environ["PATH"], "ROLECALL_PUBLIC_URL": "http://localhost:8010",
        "ROLECALL_KEYS_FILE": str(keys), "DATABASE_URL": url,
    }  # fmt: skip
    program = Path(sys.executable).with_name("rolecall")
    done = subprocess.run(
        [program, *words], env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
