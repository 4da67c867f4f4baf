"""Everything again as an ordinary user, when the tests run as root: nothing needs root."""

import os
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from programs import Running

from rolecall.server.project.processes import unprivileged

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[3] / "src"


def an_interpreter_for(folder: Path, uid: int) -> Path:
    """A Python with our packages that this user can run too; ours may be in root's home."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for known in (sys.executable, f"/usr/bin/python{version}"):
        done = subprocess.run(
            ["/usr/bin/env", known, "-c", "print()"], user=uid, cwd="/", check=False, env={},
            capture_output=True,
        )  # fmt: skip
        if done.returncode == 0:
            break
    else:
        pytest.skip(f"NOT TESTED: no Python {version} that an ordinary user can run")
    made = folder / "python"
    subprocess.run([known, "-m", "venv", "--without-pip", made], check=True)
    packages = next((made / "lib").glob("python*/site-packages"))
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{SOURCE}\n")
    return made / "bin" / "python"


def test_everything_runs_without_root(place):
    """An ordinary user makes, starts, checks, backs up and stops an installation."""
    if (user := unprivileged()) is None:
        pytest.skip("this is an ordinary user: all other tests are this one")
    own = place / "own"
    own.mkdir()
    os.chown(own, user.uid, user.gid)
    running = Running(
        own / "data",
        program=(str(an_interpreter_for(place, user.uid)), "-m", "rolecall.server.project.cli"),
        as_user=user.uid,
    )
    running.start()
    backup = running.run("backup", own / "backup")
    status, took_s = running.status("/ready"), running.stop()
    modes = {stat.S_IMODE(one.stat().st_mode) for one in (own / "data", own / "data" / "postgres")}
    owners = {one.stat().st_uid for one in (own / "data").rglob("*")}

    assert backup.returncode == 0, backup.stderr
    assert status == 200
    assert took_s < 15
    assert modes == {0o700}
    assert owners == {user.uid}
