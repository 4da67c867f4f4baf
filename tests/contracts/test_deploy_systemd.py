"""The units are ones that systemd understands, and leave the service little of the machine.

Nothing is started: `systemd-analyze` reads the files, where there is one.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rolecall.errors import Code

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(FOLDER.iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
ANALYZE = shutil.which("systemd-analyze")
PROGRAM = Path(sys.executable).with_name("rolecall-notion")
EXPOSURE = 15
"""Tenths; systemd calls up to 2.0 "OK", and an unhardened service has 9.6."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


def settings(unit: Path) -> list[tuple[str, str]]:
    """Every setting of a unit in its order."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    found = [line.partition("=") for line in lines if re.match(r"[A-Z]\w*=", line)]
    return [(key, value) for key, _, value in found]


def environment(unit: Path) -> dict[str, str]:
    """What a unit says to the program."""
    said = [value.partition("=") for key, value in settings(unit) if key == "Environment"]
    return {name: value for name, _, value in said}


def installed(folder: Path) -> list[Path]:
    """The units as they are on a machine where the program is where they say."""
    for unit in UNITS:
        text = re.sub(
            r"(?<=^ExecStart=)\S+",
            str(PROGRAM),
            unit.read_text(encoding="utf-8"),
            flags=re.MULTILINE,
        )
        (folder / unit.name).write_text(text, encoding="utf-8")
    return [folder / unit.name for unit in UNITS]


def verify(*units: Path) -> str:
    """What `systemd-analyze verify` says; nothing if all is well."""
    ran = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    return ran.stdout + ran.stderr


@needs_systemd
def test_systemd_understands_them(tmp_path: Path):
    """`systemd-analyze verify` says nothing about service, sync and timer."""
    assert verify(*installed(tmp_path)) == ""


@needs_systemd
def test_systemd_notices_a_planted_mistake(tmp_path: Path):
    """The check is no formality: a misspelt setting is named."""
    units = installed(tmp_path)
    planted = tmp_path / SERVICES[0].name
    text = planted.read_text(encoding="utf-8")
    planted.write_text(text.replace("ProtectHome=", "ProtectHomes="), encoding="utf-8")

    assert "ProtectHomes" in verify(*units)


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda p: p.name)
def test_little_is_exposed(unit: Path):
    """The measure that systemd itself has for what a service could reach stays low."""
    ran = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", f"--threshold={EXPOSURE}", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_there_are_a_service_and_a_timer():
    """Both ways of running are there, and the timer starts the sync by its name."""
    names = {unit.name for unit in UNITS}

    assert names == {
        "rolecall-notion.service",
        "rolecall-notion-sync.service",
        "rolecall-notion-sync.timer",
    }


@pytest.mark.parametrize("unit", SERVICES, ids=lambda p: p.name)
def test_each_secret_is_a_credential(unit: Path):
    """Each credential that is loaded is read from its file, and no other is looked for."""
    loaded = {value.partition(":")[0] for key, value in settings(unit) if key == "LoadCredential"}
    read = {
        value.removeprefix("%d/")
        for name, value in environment(unit).items()
        if name.endswith("_FILE") and name != "BATON_FILE"
    }

    assert read == loaded
    assert "scim-token" in loaded


@pytest.mark.parametrize("unit", SERVICES, ids=lambda p: p.name)
def test_what_is_written_lies_in_the_state_directory(unit: Path):
    """Journal, work and file lie in the folder that systemd makes and keeps."""
    state = f"%S/{dict(settings(unit))['StateDirectory']}/"
    names = {"BATON_STATE_DIR", "BATON_JOURNAL", "BATON_FILE"} & set(environment(unit))

    assert names
    assert [name for name in names if not environment(unit)[name].startswith(state)] == []


def test_both_services_are_shut_in_alike():
    """The hardening of one is the hardening of the other."""
    kept = re.compile(
        r"Protect|Private|Restrict(?!Prevent)|SystemCall|Capab|Lock|Memory|NoNew|Remove|Dynamic|UMask"
    )
    first, second = ([one for one in settings(unit) if kept.match(one[0])] for unit in SERVICES)

    assert [one for one in first if one[0] != "RestartPreventExitStatus"] == second
    assert len(second) > 25


def test_no_restart_after_what_a_person_must_put_right():
    """The service starts again after an outage, but not after a refused credential."""
    (line,) = [
        v
        for key, v in settings(FOLDER / "rolecall-notion.service")
        if key == "RestartPreventExitStatus"
    ]
    final = {Code(int(number)) for number in line.split()}

    assert {Code.INVALID_ARGUMENT, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED} <= final
    assert not {Code.UNAVAILABLE, Code.ABORTED, Code.CANCELLED, Code.RESOURCE_EXHAUSTED} & final
