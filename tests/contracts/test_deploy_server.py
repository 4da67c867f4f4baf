"""The server's image, compose file and unit: linted, read, and shut in as the connector's are.

No engine runs here, and nothing is started by systemd.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from compose_spec import PyCompose

from rolecall.server.project import cli, rights
from rolecall.server.project.config import _VARIABLES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "server"
IMAGE = FOLDER / "Containerfile"
UNIT = FOLDER / "rolecall.service"
COMPOSE = FOLDER / "compose.yaml"
OURS = {"controller": "web", "migrate": "owner", "web": "web", "worker": "worker"}
"""Service → the database role that it works as."""
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE = 15
"""Tenths, by systemd's own measure; as for the connector."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


def services() -> dict[str, dict[str, Any]]:
    """The services by name, with merge keys carried out."""
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"])


def linted(path: Path) -> str:
    """What hadolint complains about, at every severity."""
    program = Path(sys.executable).with_name("hadolint")
    command = [program, "--no-color", "--failure-threshold", "style", path]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not ran.stderr
    return ran.stdout


def verify(unit: Path) -> str:
    """What `systemd-analyze verify` says; nothing if all is well."""
    command = [str(ANALYZE), "verify", "--man=no", unit]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


def installed(folder: Path, *, spoilt: bool = False) -> Path:
    """The unit as it is where the program is where it says."""
    text = UNIT.read_text(encoding="utf-8")
    here = str(Path(sys.executable).with_name("rolecall"))
    text = text.replace("/opt/rolecall/bin/rolecall", here)
    unit = folder / UNIT.name
    unit.write_text(text.replace("ProtectHome=", "ProtectHomes=") if spoilt else text)
    return unit


def test_the_image_has_no_complaint(tmp_path: Path):
    """It passes hadolint at its strictest, which is no formality."""
    planted = tmp_path / "Containerfile"
    planted.write_text(f"{IMAGE.read_text(encoding='utf-8')}USER root\n", encoding="utf-8")

    assert linted(IMAGE) == ""
    assert "DL3002" in linted(planted)


def test_what_the_image_copies_is_let_through():
    """Each source exists, and the ignore file does not hide it."""
    shown = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    text = IMAGE.read_text(encoding="utf-8")
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ")]
    sources = [one.rstrip("/") for line in copied for one in line if not line[0].startswith("--")]

    assert "requirements/server.txt" in sources
    assert [one for one in sources if not (ROOT / one).exists() or f"!{one}" not in shown] == []
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["65532:65532"]


@needs_systemd
def test_systemd_understands_the_unit(tmp_path: Path):
    """`systemd-analyze verify` says nothing, and notices a misspelt setting."""
    assert verify(installed(tmp_path)) == ""
    assert "ProtectHomes" in verify(installed(tmp_path, spoilt=True))


@needs_systemd
def test_the_unit_exposes_little():
    """As little as the connector's."""
    command = [str(ANALYZE), "security", "--offline=true", f"--threshold={EXPOSURE}", UNIT]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_specification_takes_the_compose_file():
    """It parses without unknown keys; a misspelt one is noticed."""
    content = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    found = PyCompose.from_json(json.dumps(content))
    content["services"]["web"]["readonly"] = True

    assert sorted(found.service_names()) == sorted(["database", *OURS])
    with pytest.raises(ValueError, match="readonly"):
        PyCompose.from_json(json.dumps(content))


@pytest.mark.parametrize("name", OURS)
def test_each_of_ours_is_shut_in(name: str):
    """No capability, no write to the root, no root, bounded memory, a command that there is."""
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith("0")
    assert "mem_limit" in service
    assert CliRunner().invoke(cli._group(), [service["command"][0], "--help"]).exit_code == 0


@pytest.mark.parametrize("name", OURS)
def test_no_password_is_in_the_environment(name: str):
    """Every variable is one that we read; the address names a role, and libpq finds the rest."""
    service = services()[name]
    address = service["environment"]["DATABASE_URL"]
    role = re.fullmatch(r"postgresql://(\w+)@database/rolecall", address)
    mounted = [one if isinstance(one, str) else one["target"] for one in service["secrets"]]

    assert role
    assert role[1] == f"rolecall_{OURS[name]}"
    own = ["controller-certificate", "controller-key"] if name == "controller" else []
    assert sorted(mounted) == [*own, "keys", "pgpass"]
    assert set(service["environment"]) - set(_VARIABLES) == {"PGPASSFILE"}


def test_the_controller_finds_its_certificate_where_it_is_mounted():
    """It, and nobody else, has the key."""
    environ = services()["controller"]["environment"]
    files = {environ[f"ROLECALL_CONTROLLER_{name}"] for name in ("CERTIFICATE", "KEY")}
    named = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["secrets"]
    holders = [
        name for name, one in services().items() if "controller-key" in one.get("secrets", ())
    ]

    assert files == {"/run/secrets/controller-certificate", "/run/secrets/controller-key"}
    assert {"controller-certificate", "controller-key"} <= set(named)
    assert holders == ["controller"]


def test_the_roles_are_those_of_the_server():
    """The names that `rolecall migrate` gives rights to, with passwords from files."""
    text = (FOLDER / "roles.sql").read_text(encoding="utf-8")
    made = re.findall(r"CREATE ROLE (\w+) LOGIN PASSWORD :'(\w+)'", text)
    read = dict(re.findall(r"\\set (\w+) `cat /run/secrets/([\w-]+)`", text))

    assert [role for role, _ in made] == ["rolecall_owner", rights.WEB, rights.WORKER]
    assert set(read.values()) <= set(services()["database"]["secrets"])
    assert [name for _, name in made] == list(read)
