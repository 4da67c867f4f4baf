"""The embedded PostgreSQL: who gets in, and what is where."""

import os
import pwd
import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from rolecall.errors import BadConfig, Conflict
from rolecall.server.project.embedded.binaries import Binaries
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import unprivileged

only_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="NOT TESTED: only root can try as another user; run it as root once"
)


def ask(cluster: Cluster, question: str, role: Role = Role.OWNER) -> object:
    """The single value that a question has for an answer."""
    with psycopg.connect(cluster.url(role)) as connection:
        (found,) = connection.execute(question).fetchone()
        return found


def processes_of(cluster: Cluster) -> list[Path]:
    """The folders in /proc of the server and all its children."""
    found = [Path("/proc", str(cluster.process.pid))]
    children = found[0] / "task" / found[0].name / "children"
    return found + [Path("/proc", pid) for pid in children.read_text().split()]


@pytest.mark.parametrize("role", [Role.OWNER, Role.WEB, Role.WORKER])
def test_every_role_connects_with_its_password(shared, role):
    """The address of a role is all that it needs."""
    assert ask(shared, "SELECT current_user", role) == str(role)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_connects_without_the_password(shared, role):
    """A local process that reached the socket is still asked for a password, and no old kind."""
    folder = quote(str(shared.folder.socket()), safe="")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{role}:guessed@/rolecall?host={folder}")


def test_passwords_are_kept_as_scram_verifiers(shared):
    """No other kind is stored, so no other kind can be asked for."""
    kinds = "SELECT array_agg(DISTINCT left(rolpassword, 14)) FROM pg_authid WHERE rolcanlogin"

    assert ask(shared, kinds, Role.ADMIN) == ["SCRAM-SHA-256$"]


@only_root
def test_another_local_user_cannot_connect(shared):
    """Not even with the right password: the folder of the socket is closed to others."""
    other = next(entry for entry in pwd.getpwall() if entry.pw_uid not in {0, unprivileged().uid})
    done = subprocess.run(
        [Binaries(major=18, user=None)["psql"], "-h", shared.folder.socket(), "-U", Role.OWNER,
         "-d", "rolecall", "-c", "SELECT 1"],
        user=other.pw_uid, group=other.pw_gid, extra_groups=[], cwd="/",
        env={"PGPASSWORD": shared.folder.password(Role.OWNER)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert "Permission denied" in done.stderr


@only_root
def test_nothing_runs_as_root(shared):
    """Neither the server nor any of its children."""
    owners = {one.stat().st_uid for one in processes_of(shared)}

    assert owners == {unprivileged().uid}


def test_it_listens_on_no_network_address(shared):
    """No TCP, whatever postgresql.conf says."""
    assert ask(shared, "SHOW listen_addresses") == ""


def test_text_is_the_same_on_every_machine(shared):
    """UTF-8, sorted by code point, lower case for all of Unicode, pages with checksums."""
    assert ask(shared, "SHOW server_encoding") == "UTF8"
    assert ask(shared, "SELECT 'a' > 'B' AND lower('ÉCOLE') = 'école'") is True
    assert ask(shared, "SELECT to_tsvector('simple', 'ÜNAL') @@ 'ünal'::tsquery") is True
    assert ask(shared, "SHOW data_checksums") == "on"


def test_no_password_is_in_a_command_line_a_log_or_an_environment(shared):
    """Passwords are in their own files only."""
    secrets = {shared.folder.password(role).encode() for role in Role}
    said = [one.read_bytes() for one in shared.folder.path.rglob("*.log")]
    said += [(one / name).read_bytes() for one in processes_of(shared)
             for name in ("cmdline", "environ")]  # fmt: skip

    assert len(secrets) == len(Role)
    assert said
    assert not [text for text in said for secret in secrets if secret in text]


def test_the_log_holds_nobodys_data(shared):
    """A statement that fails is logged without its values."""
    with psycopg.connect(shared.url(Role.OWNER)) as connection:
        connection.execute("CREATE TEMPORARY TABLE once (what text PRIMARY KEY)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO once VALUES ('ana@example.com'), ('ana@example.com')")
    text, patience = "", time.monotonic() + 10  # the log is written by a process of its own
    while "duplicate key" not in text and time.monotonic() < patience:
        text = "".join(one.read_text() for one in shared.folder.log.iterdir())

    assert "duplicate key" in text
    assert "ana@example.com" not in text


def test_files_are_closed_to_others(shared):
    """Others cannot look into anything; the user of the database may pass through."""
    modes = {
        str(path.relative_to(shared.folder.path)): stat.S_IMODE(path.lstat().st_mode)
        for path in (shared.folder.path, *shared.folder.path.glob("*"),
                     *shared.folder.path.glob("passwords/*"))
    }  # fmt: skip
    through = 0o710 if unprivileged() else 0o700

    assert modes.pop(".") == modes.pop("postgres") == through
    assert modes.pop("rolecall-data") == 0o644
    assert set(modes.values()) <= {0o600, 0o700}
    assert {f"passwords/{role}" for role in Role} <= set(modes)


def test_nothing_outside_is_touched(cluster, place):
    """The folder beside it, its mode and owner stay as they were."""
    before = (place.stat(), sorted(place.iterdir()))
    cluster.start()
    cluster.stop()
    after = (place.stat(), sorted(place.iterdir()))

    assert after[1] == [*before[1], place / "data"]
    assert (after[0].st_mode, after[0].st_uid) == (before[0].st_mode, before[0].st_uid)


def test_a_long_path_gets_a_socket_elsewhere(place):
    """Where the path is too long for a socket, its folder is one that nobody can guess."""
    data = place / ("d" * 60) / ("e" * 60) / "data"
    data.parent.mkdir(parents=True)
    for folder in (data.parent, data.parent.parent):
        folder.chmod(0o711)
    with Cluster(data, user=unprivileged()) as running:
        folder = running.folder.socket()
        assert ask(running, "SELECT 1") == 1
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with Cluster(data, user=unprivileged()) as again:
            assert again.folder.socket() == folder
    finally:
        folder.rmdir()


def test_a_planted_socket_folder_is_not_used(place):
    """A link that leads to somebody else's folder is replaced."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can plant somebody else's folder")
    data = place / ("d" * 100) / "data"
    data.parent.mkdir(parents=True)
    data.parent.chmod(0o711)
    made = Cluster(data, user=unprivileged())
    made.folder.prepare()
    foreign = place / "foreign"
    foreign.mkdir()
    os.chown(foreign, 12345, 12345)
    (data / "socket").symlink_to(foreign)
    folder = made.folder.make_socket()
    folder.rmdir()

    assert folder != foreign
    assert foreign.stat().st_uid == 12345


@pytest.mark.parametrize("stranger", ["PG_VERSION", "letters.txt"])
def test_a_folder_of_somebody_elses_is_refused(cluster, stranger):
    """A folder that is not empty, and not ours, is left as it is."""
    cluster.folder.path.mkdir()
    (cluster.folder.path / stranger).write_text("mine")
    with pytest.raises(BadConfig, match="not empty"):
        cluster.start()

    assert [one.name for one in cluster.folder.path.iterdir()] == [stranger]


def test_settings_and_keys_may_be_there_before(cluster):
    """Somebody may prepare a new folder; the database's user can read the settings, no one else."""
    cluster.folder.path.mkdir()
    cluster.folder.settings_file.write_text("")
    cluster.folder.keys_file.write_text("{}")
    cluster.folder.prepare()
    found = cluster.folder.settings_file.stat()

    if unprivileged() is not None:
        assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (unprivileged().gid, 0o640)


def test_a_folder_of_a_later_version_is_refused(cluster):
    """What a later version has made is not guessed at."""
    cluster.folder.prepare()
    (cluster.folder.path / "rolecall-data").write_text("2\n")
    with pytest.raises(BadConfig, match="later version"):
        cluster.start()


def test_an_older_cluster_is_refused_with_the_way_on(cluster):
    """Another major version is for `rolecall upgrade`."""
    cluster.folder.prepare()
    cluster.folder.cluster(16).mkdir()
    with pytest.raises(BadConfig, match="rolecall upgrade"):
        cluster.start()


@only_root
def test_a_folder_that_the_databases_user_cannot_reach_is_refused(place):
    """A closed folder above it is named before anything is made."""
    place.chmod(0o700)
    with pytest.raises(BadConfig, match=f"The user {unprivileged().name} cannot get to"):
        Cluster(place / "data", user=unprivileged()).start()


def test_a_second_start_is_told_who_is_there(shared):
    """One at a time, and the refusal names the process."""
    with pytest.raises(Conflict, match=rf"process {os.getpid()} \(rolecall\)"):
        Cluster(shared.folder.path, user=unprivileged()).start()


def test_a_running_one_is_reached_and_not_stopped(shared):
    """A command works with the database that runs."""
    with Cluster(shared.folder.path, user=unprivileged()).reached("a test") as reached:
        assert ask(reached, "SELECT 1") == 1

    assert ask(shared, "SELECT 1") == 1


def test_a_stopped_one_is_started_for_a_command(cluster):
    """And stopped after it."""
    with cluster.reached("a test"):
        assert ask(cluster, "SELECT 1") == 1
    with pytest.raises(psycopg.OperationalError):
        ask(cluster, "SELECT 1")
