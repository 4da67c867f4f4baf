"""`rolecall up`: everything on one machine, started by one command, as a person does it."""

import http.client
import json
import os
import re
import signal
import ssl
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import pytest
from places import a_place
from programs import Running, wait_until

from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import unprivileged

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    """A running installation; tests leave it running."""
    with a_place() as place:
        made = Running(place / "data")
        made.start()
        yield made
        made.stop()


@pytest.fixture
def own() -> Iterator[Running]:
    """A running installation for a test that stops or breaks it."""
    with a_place() as place:
        made = Running(place / "data")
        made.start()
        yield made
        if made.process.poll() is None:
            made.stop()


def owner_of(running: Running) -> str:
    """The owner's address."""
    return Cluster(running.data, user=unprivileged()).url(Role.OWNER)


def ask(running: Running, question: str) -> object:
    """The single value that a question has for an answer."""
    with psycopg.connect(owner_of(running)) as connection:
        return connection.execute(question).fetchone()[0]


def gone(pids: Iterable[int]) -> bool:
    """Whether none of these is there any more, or only as a dead entry."""
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            return False
    return True


def test_it_answers(up):
    """The web process is there, and so is its database."""
    assert up.status("/live") == 200
    assert up.status("/ready") == 200


def test_the_first_administrator_gets_a_link(up):
    """It is printed, and opens."""
    (link,) = re.findall(rf"http://localhost:{up.port}(/login/link/\S+)", up.output)

    assert up.status(link) == 200


def test_connectors_can_call_it_by_the_certificate_that_it_names(up):
    """`up` says which SSL_CERT_FILE to use; with that file its controller is believed."""
    (root,) = re.findall(r"SSL_CERT_FILE=(\S+?),", up.output)

    assert f"call localhost:{up.calls}" in up.output
    wait_until(lambda: controller_answers(up, root))
    key = up.data / "controller" / "server.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def controller_answers(running: Running, root: str) -> bool:
    """Whether the controller is there, by a certificate of this authority."""
    trust = ssl.create_default_context(cafile=root)
    asked = http.client.HTTPSConnection("localhost", running.calls, context=trust, timeout=10)
    try:
        asked.request("GET", "/live")
        return asked.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        asked.close()


def test_nothing_but_the_supervisor_is_root(up):
    """Database, web, worker and controller are of an unprivileged user."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: this is not root")
    for program in ("postgres -D", "cli web", "cli worker", "cli controller"):
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in up.processes(program)}
        assert owners == {unprivileged().uid}, program


def test_web_and_worker_work_as_their_roles(up):
    """The daily work is not done as the owner."""
    roles = "SELECT array_agg(DISTINCT usename) FROM pg_stat_activity WHERE datname = 'rolecall'"

    wait_until(lambda: {"rolecall_worker"} <= set(ask(up, roles)))
    assert up.status("/ready") == 200
    assert "rolecall_web" in ask(up, roles)


def test_no_secret_is_in_the_output_or_a_command_line(up):
    """Neither a password nor a key is anywhere but in its file."""
    cluster = Cluster(up.data, user=unprivileged())
    keys = json.loads(cluster.folder.keys_file.read_text())
    secrets = {cluster.folder.password(role) for role in Role}
    secrets |= {*keys["keys"].values(), *keys["signing"]}
    shown = up.output + "\n".join(up.processes().values())

    assert len(secrets) == len(Role) + 2
    assert not [one for one in secrets if one in shown]


def test_the_keys_are_for_their_owner_only(up):
    """Mode 0600."""
    assert stat.S_IMODE((up.data / "keys.json").stat().st_mode) == 0o600


def test_check_is_content(up):
    """A fresh installation on this machine has nothing wrong."""
    alive = "SELECT count(*) FROM procrastinate_workers"
    wait_until(lambda: ask(up, alive))
    (root,) = re.findall(r"SSL_CERT_FILE=(\S+?),", up.output)
    wait_until(lambda: controller_answers(up, root))
    done = up.run("check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "A worker is at work" in done.stdout
    assert f"The controller answers at localhost:{up.calls}" in done.stdout
    assert "lasts 396 more days" in done.stdout
    assert "✗" not in done.stdout


def test_check_for_deployment_wants_more(up):
    """What only others' use needs is an error then: TLS, mail."""
    done = up.run("check", "--deploy")

    assert done.returncode == 9
    assert re.search("✗ .*for this machine only", done.stdout)
    assert re.search("✗ No mail is sent", done.stdout)


def test_a_second_one_is_refused(up):
    """And told who is there."""
    done = up.run("up")

    assert done.returncode == 10
    assert f"in use by process {up.process.pid} (rolecall up)" in done.stderr


@pytest.mark.parametrize("program", ["cli web", "cli worker", "cli controller", "postgres -D"])
def test_what_is_killed_comes_back(up, program):
    """Each part by itself, and then everything answers again."""
    before = up.processes(program)
    assert before
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    wait_until(lambda: set(up.processes(program)) - set(before))
    wait_until(lambda: up.status("/ready") == 200)
    workers = (
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - '9 s'::interval"
    )
    wait_until(lambda: ask(up, workers))


def test_the_way_in_after_a_lock_out(up):
    """`admin-link` prints a link that opens, and the audit trail keeps it."""
    before = ask(up, "SELECT count(*) FROM audit_event")
    done = up.run("admin-link")
    path = done.stdout.strip().removeprefix(f"http://localhost:{up.port}")

    assert done.returncode == 0, done.stderr
    assert up.status(path) == 200
    assert ask(up, "SELECT count(*) FROM audit_event") > before


def test_new_keys(up):
    """`keys rotate` makes a new one active and keeps the old one; nothing is stopped."""
    before = json.loads((up.data / "keys.json").read_text())
    done = up.run("keys", "rotate")
    after = json.loads((up.data / "keys.json").read_text())

    assert done.returncode == 0, done.stderr
    assert after["active"] not in before["keys"]
    assert before["keys"].items() < after["keys"].items()
    assert after["signing"] == before["signing"]
    assert up.status("/ready") == 200


def test_the_audit_trail_holds(up):
    """`audit verify` says so; with a changed row it says where, and with status 15."""
    wait_until(lambda: ask(up, "SELECT count(*) FROM audit_seal"))
    good = up.run("audit", "verify")
    with psycopg.connect(owner_of(up), autocommit=True) as connection:
        first, name = connection.execute(
            "SELECT id, actor_name FROM audit_event WHERE id ="
            " (SELECT event_id FROM audit_seal ORDER BY sequence LIMIT 1)"
        ).fetchone()
        change = "UPDATE audit_event SET actor_name = %s WHERE id = %s"
        connection.execute(change, ["somebody else", first])
        bad = up.run("audit", "verify")
        connection.execute(change, [name, first])

    assert good.returncode == 0, good.stderr
    assert bad.returncode == 15
    assert "not intact" in bad.stderr


def test_backup_and_restore(up, place):
    """A backup made while it runs fills an empty machine; the keys come by another way."""
    file, keys = place / "backup", place / "keys"
    backup = up.run("backup", file, "--keys", keys)
    other = Running(place / "other")
    without = other.run("restore", file)
    restored = other.run("restore", file, "--keys", keys)
    counted = "SELECT count(*) FROM {}"

    assert backup.returncode == 0, backup.stderr
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert keys.read_bytes() == (up.data / "keys.json").read_bytes()
    assert without.returncode == 3
    assert restored.returncode == 0, restored.stderr
    with Cluster(other.data, user=unprivileged()):
        for table in ("people_user", "people_roleassignment", "django_migrations"):
            assert ask(other, counted.format(table)) == ask(up, counted.format(table)) > 0
        assert ask(other, counted.format("people_session")) == 0
        what = "SELECT action FROM audit_event ORDER BY id DESC LIMIT 1"
        assert ask(other, what) == "installation:database:restore"
        assert not ask(other, "SELECT has_table_privilege('rolecall_web', 'audit_event', 'UPDATE')")
    assert other.run("restore", file, "--keys", keys).returncode == 10


def test_the_keys_never_go_into_the_backup(up, place):
    """The same file for both is refused, and a backup holds no key."""
    file = place / "backup"
    refused = up.run("backup", file, "--keys", file)
    made = up.run("backup", file)
    keys = json.loads((up.data / "keys.json").read_text())

    assert refused.returncode == 3
    assert made.returncode == 0
    assert not [key for key in keys["keys"].values() if key.encode() in file.read_bytes()]


def test_what_is_no_backup_is_refused(up, place):
    """Before anything is made."""
    file = place / "letters"
    file.write_text("Dear Ana")
    other = Running(place / "other")
    done = other.run("restore", file, "--without-keys")

    assert up.process.poll() is None
    assert done.returncode == 3
    assert "not a backup" in done.stderr
    assert not other.data.exists()


def test_ctrl_c_stops_everything(own):
    """Within 15 seconds, and leaves no process and no lock."""
    pids = own.processes()
    took_s = own.stop()

    assert took_s < 15
    assert own.process.returncode == 0
    assert len(pids) > 5
    assert gone(pids)
    assert (own.data / "lock").read_text() == ""


def test_a_killed_supervisor_leaves_nothing_running(own):
    """The kernel ends what it had started; the next start finds everything as it was."""
    users = ask(own, "SELECT count(*) FROM people_user")
    pids = own.processes()
    own.process.kill()
    own.process.wait()

    wait_until(lambda: gone(pids), within_s=30)
    own.start()
    assert ask(own, "SELECT count(*) FROM people_user") == users
