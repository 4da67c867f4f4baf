"""Large evidence: asked for in the web, made by a worker; killed, stopped, refused on the way."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from access_app import NOON
from cast import Role, a_user, acting, log_in, scoped
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from rolecall.errors import Gone, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.audit.models import Event
from rolecall.server.evidence import asking, making, report
from rolecall.server.evidence.asking import ask
from rolecall.server.evidence.export import Asked, Exported, installation_key
from rolecall.server.evidence.finding import file_for
from rolecall.server.evidence.forms import paper
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.sending import kept
from rolecall.server.evidence.signature import verify
from rolecall.server.files import store
from rolecall.server.files.models import File
from rolecall.server.mail.models import Message
from rolecall.server.notifications.models import Notice
from rolecall.server.people import apikeys
from rolecall.server.people.models import RoleAssignment

pytestmark = pytest.mark.django_db(transaction=True)
NOW = NOON + timedelta(hours=10)
State = EvidenceFile.State


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch):
    """More than three rows are many, and a worker looks around after each."""
    monkeypatch.setattr(asking, "AT_ONCE", {"csv": 3, "xlsx": 3, "pdf": 3})
    monkeypatch.setattr(report, "_TOLD_EACH", 1)


@pytest.fixture
def rae(transactional_db):  # noqa: ARG001 - there must be a database
    """An auditor."""
    return a_user("rae@acme.example", Role.AUDITOR)


def asked_by(actor, app, **more) -> EvidenceFile:
    """Access to the app, by somebody; it is large."""
    found = ask(actor, Asked(**{"app": app.public_id, "until": NOW, "form": "csv"} | more), now=NOW)
    assert isinstance(found, EvidenceFile)
    return found


def made(file: EvidenceFile, **how) -> EvidenceFile:
    """The row, after a worker was at it."""
    making.make(file.public_id, clock=lambda: NOW, **how)
    return EvidenceFile.objects.select_related("app", "file").get(pk=file.pk)


def elsewhere(deed):
    """What a deed gives, done by another connection, as another process would."""

    def done():
        with closing(connection):
            return deed()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


def deeds() -> list[tuple[str, str]]:
    """Deed and doer of what concerns evidence, in order."""
    rows = Event.objects.filter(action__startswith="evidence:").order_by("id")
    return list(rows.values_list("action", "actor_name"))


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_large_file_is_made_kept_and_told_of(app, rae, tmp_path, *, form):
    """Asked for: nothing leaves. Made: it proves itself; one audit row, one mail."""
    actor = acting(rae)
    file = asked_by(actor, app, form=form)
    assert (file.state, file.rows_expected) == (State.MAKING, 6)
    (job,) = ProcrastinateJob.objects.filter(task_name=asking.JOB)
    assert job.args == {"file_id": file.public_id}
    with pytest.raises(Gone):
        kept(actor, file.public_id, now=NOW)

    done = made(file)
    path = tmp_path / done.name
    answer = kept(actor, file.public_id, now=NOW)
    path.write_bytes(answer.getvalue())
    proof = verify(path, (installation_key(),))
    assert (done.state, done.rows, done.sha256) == (State.READY, 6, proof.sha256)
    assert answer["Content-Disposition"] == f'attachment; filename="{done.name}"'
    assert int(answer["Content-Length"]) == path.stat().st_size
    assert deeds() == [
        ("evidence:file:ask", str(rae)), ("evidence:access:export", str(rae)),
        ("evidence:file:download", str(rae)),
    ]  # fmt: skip
    assert Event.objects.get(action="evidence:access:export").detail["sha256"] == proof.sha256
    assert Notice.objects.get().link == f"/evidence/files/{file.public_id}"
    assert Message.objects.get().recipient == rae.email


@pytest.mark.usefixtures("three")
def test_a_job_too_many_does_no_harm_and_a_week_later_the_file_goes(app, rae):
    """Made once; what it was, and that it was taken along, is known for ever."""
    file = asked_by(acting(rae), app)
    made(file)
    before = deeds()
    assert made(file).attempt == 1
    assert deeds() == before
    store.expire(NOW + making.KEPT)
    row = EvidenceFile.objects.get()

    assert (row.file, row.standing(NOW)) == (None, "expired")
    assert not File.objects.exists()
    with pytest.raises(Gone):
        kept(acting(rae), file.public_id, now=NOW)


@pytest.mark.usefixtures("three")
def test_small_ones_are_there_at_once(app, rae, monkeypatch):
    """Up to the number, no row is made and no worker is asked."""
    monkeypatch.setattr(asking, "AT_ONCE", {"csv": 6})
    found = ask(acting(rae), Asked(app=app.public_id, until=NOW, form="csv"), now=NOW)

    assert isinstance(found, Exported)
    found.file.close()
    assert not EvidenceFile.objects.exists()


@pytest.mark.usefixtures("three")
def test_paper_that_nobody_reads_is_refused_when_it_is_asked_for(app, rae, monkeypatch):
    """Not by a worker, minutes later."""
    monkeypatch.setattr(paper, "MOST", 5)
    with pytest.raises(Invalid, match="6 rows, and a PDF is for at most 5"):
        asked_by(acting(rae), app, form="pdf")
    monkeypatch.setattr(paper, "MOST", 6)

    assert made(asked_by(acting(rae), app, form="pdf")).state == State.READY


@pytest.mark.usefixtures("three")
def test_pressed_twice_it_is_made_once(app, rae):
    """*Now* is later the second time, and the same question; another form or asker is another."""
    actor = acting(rae)
    file = asked_by(actor, app)
    later = NOW + timedelta(minutes=2)
    again = ask(actor, Asked(app=app.public_id, until=later, form="csv"), now=later)
    others = [asked_by(actor, app, form="xlsx"), asked_by(acting(a_user("x@y.z", Role.SUPER)), app)]

    assert again == file
    assert len({file.pk, *(one.pk for one in others)}) == 3
    assert ProcrastinateJob.objects.filter(task_name=asking.JOB).count() == 3
    made(file)
    assert asked_by(actor, app) != file


@pytest.mark.usefixtures("three")
def test_who_may_no_more_gets_nothing(app, rae):
    """The role is taken away before it is made, while it is made, or before it is fetched."""
    actor = acting(rae)
    held = RoleAssignment.objects.filter(user=rae)
    ready, before, within = (asked_by(actor, app, form=one) for one in ("csv", "xlsx", "csv"))
    assert within == ready
    made(ready)
    within = asked_by(actor, app)

    def taken_away() -> bool:
        elsewhere(lambda: held.update(until_at=NOW))
        return False

    for one, how in ((within, {"stopping": taken_away}), (before, {})):
        done = made(one, **how)
        assert (done.state, done.file) == (State.FAILED, None)
        assert "This needs one of these roles" in done.why
    with pytest.raises(NotAllowed):
        kept(actor, ready.public_id, now=NOW)
    assert [action for action, _who in deeds()].count("evidence:access:export") == 1
    assert Notice.objects.filter(subject__startswith="Your file could not be made").count() == 2


@pytest.mark.usefixtures("three")
def test_a_key_asks_within_its_scopes_and_not_after_its_end(app, rae):
    """The worker acts as the key did; a key that ended meanwhile gets nothing."""
    key, secret = apikeys.make(acting(rae), name="nightly", scopes=["account:export"], now=NOW)
    program = apikeys.recognise(secret, now=NOW)
    first, second = asked_by(program, app), asked_by(program, app, form="xlsx")
    assert made(first).state == State.READY
    assert Event.objects.get(action="evidence:access:export").actor_id == key.public_id
    apikeys.end(acting(rae), key.public_id, now=NOW)

    assert "The key nightly has ended" in made(second).why


@pytest.mark.usefixtures("three")
def test_only_whoever_may_take_all_of_it_along_opens_it(app, rae):
    """An owner of the app may; of another app not; of a file about a person, each app counts."""
    file = asked_by(acting(rae), app)
    owner = acting(scoped(a_user("own@acme.example"), Role.APP_OWNER, app.public_id))
    other = App.objects.create(name="Other", created_at=NOON)
    elsewhere = acting(scoped(a_user("el@acme.example"), Role.APP_OWNER, other.public_id))
    assert file_for(owner, file.public_id) == file
    for found in (file.public_id, "evi_none"):
        with pytest.raises(NotAllowed):
            file_for(elsewhere, found)
    with pytest.raises(Gone):
        file_for(acting(rae), "evi_none")
    EvidenceFile.objects.update(scopes=[app.public_id, other.public_id])
    for one in (owner, elsewhere):
        with pytest.raises(NotAllowed):
            file_for(one, file.public_id)


@pytest.mark.usefixtures("three")
def test_a_worker_that_is_stopped_leaves_it_to_the_next(app, rae):
    """Begun again from its beginning, and nothing of the first attempt stays."""
    file = asked_by(acting(rae), app)
    ProcrastinateJob.objects.all().delete()
    stopped = made(file, stopping=lambda: True)

    assert (stopped.state, stopped.attempt) == (State.MAKING, 1)
    assert ProcrastinateJob.objects.filter(task_name=asking.JOB).count() == 1
    assert (made(file).state, File.objects.count()) == (State.READY, 1)


@pytest.mark.usefixtures("three")
def test_a_worker_that_wakes_up_late_ends_nothing(app, rae):
    """Another one began it meanwhile: the file, the audit row and the mail are the other's."""
    file = asked_by(acting(rae), app)

    def overtaken() -> bool:
        elsewhere(lambda: EvidenceFile.objects.filter(attempt=1).update(attempt=2))
        return False

    late = made(file, stopping=overtaken)
    assert (late.state, late.attempt, File.objects.count()) == (State.MAKING, 2, 0)
    assert deeds() == [("evidence:file:ask", str(rae))]


@pytest.mark.usefixtures("three")
def test_a_file_without_a_job_gets_one_and_five_deaths_are_the_end(app, rae):
    """A job that was lost is made anew; what kills every worker ends as failed, with its cause."""
    file = asked_by(acting(rae), app)
    assert making.take_up() == 0
    ProcrastinateJob.objects.all().delete()
    assert (making.take_up(), making.take_up()) == (1, 0)
    EvidenceFile.objects.update(attempt=making.MOST_ATTEMPTS)
    done = made(file)

    assert (done.state, done.attempt) == (State.FAILED, making.MOST_ATTEMPTS)
    assert "5 workers ended while they made it" in done.why
    assert "worker's log" in done.why
    assert making.take_up() == 0


@pytest.mark.usefixtures("three")
def test_how_far_it_is_stands_in_the_row(app, rae):
    """Others see it while the reading goes on, in its one moment of the database."""
    file = asked_by(acting(rae), app)
    seen, ticks = set(), iter(NOW + timedelta(seconds=n) for n in range(1000))

    def looked() -> bool:
        seen.add(elsewhere(EvidenceFile.objects.get).rows)
        return False

    making.make(file.public_id, clock=lambda: next(ticks), stopping=looked)
    assert {1, 2, 3} <= seen
    assert EvidenceFile.objects.get().rows == 6


@pytest.mark.usefixtures("three")
def test_by_the_pages(app, rae):
    """The form leads to a page that asks for itself; then there is a button, and the file."""
    browser = log_in(rae)
    asked = browser.post("/evidence/make", {"app": app.public_id, "form": "csv"})
    file = EvidenceFile.objects.get()
    assert (asked.status_code, asked["Location"]) == (302, f"/evidence/files/{file.public_id}")
    waiting = browser.get(asked["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    assert "About 6 rows" in waiting
    making.make(file.public_id, clock=clock.now)
    live = browser.get(f"{asked['Location']}?seen=Being+made", headers={"HX-Request": "true"})
    assert b'hx-swap-oob="true">Ready' in live.content
    assert b"every 2s" not in live.content
    assert b"<html" not in live.content
    assert f"{asked['Location']}/content" in live.content.decode()
    assert browser.get(f"{asked['Location']}/content").getvalue().startswith(b"# Evidence")
    assert asked["Location"] in browser.get("/evidence/").content.decode()
    EvidenceFile.objects.update(state=State.FAILED, why="The disk is full.")
    failed = browser.get(asked["Location"]).content.decode()
    assert "The disk is full." in failed
    again = re.search(r'href="(/evidence/\?[^"]+)"', failed)[1].replace("&amp;", "&")
    form = browser.get(again).content.decode()
    assert f'value="{timezone.localtime(file.until):%Y-%m-%dT%H:%M:%S}"' in form
    assert f'value="{app.public_id}" selected' in form


@pytest.mark.usefixtures("three")
def test_by_the_api(app, rae):
    """202 with the file's resource; its state; its content, which is the file."""
    browser = log_in(rae)
    body = json.dumps({"form": "csv"})
    answer = browser.post(
        f"/api/apps/{app.public_id}/evidence", body, content_type="application/json"
    )
    told = answer.json()
    assert (answer.status_code, told["state"], told["rows_expected"]) == (202, "making", 6)
    assert browser.get(f"/api/evidence/{told['id']}/content").status_code == 404
    making.make(told["id"], clock=clock.now)
    found = browser.get(f"/api/evidence/{told['id']}").json()

    assert (found["state"], found["rows"], found["app"]) == ("ready", 6, app.public_id)
    content = browser.get(f"/api/evidence/{told['id']}/content").getvalue()
    assert len(content) == found["bytes"]
    assert [one["id"] for one in browser.get("/api/evidence").json()["items"]] == [told["id"]]
