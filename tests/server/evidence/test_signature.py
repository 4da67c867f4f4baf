"""The signature under a file: any changed byte is refused, and nobody needs a server to see it."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import BadConfig, BadFile, BrokenChain, Code
from rolecall.server.evidence.signature import (
    LINE_BYTES,
    public_key,
    read_key,
    signature_line,
    verify,
)
from rolecall.server.project.commands.verify import command

SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
ROOT = Path(__file__).parents[3]


def signed(path: Path, body: bytes, seed: bytes = SEED) -> Path:
    """A file with this body and its signature."""
    path.write_bytes(body + signature_line(hashlib.sha256(body).hexdigest(), seed))
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example of a property writes its file."""
    return tmp_path_factory.mktemp("evidence") / "file.csv"


@given(body=st.binary(max_size=400))
def test_an_untouched_file_is_accepted(file: Path, body: bytes):
    """Whatever its bytes are; known only to whoever names the key."""
    found = verify(signed(file, body))

    assert (found.key, found.known) == (public_key(SEED), False)
    assert verify(file, (public_key(OTHER), public_key(SEED))).known


@given(body=st.binary(max_size=400), data=st.data())
def test_any_changed_byte_is_refused(file: Path, body: bytes, data: st.DataObject):
    """In the body or in the signature: no byte can be another one."""
    whole = bytearray(signed(file, body).read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255).filter(lambda one: one != whole[at]))
    file.write_bytes(whole)

    with pytest.raises((BrokenChain, BadFile)):
        verify(file)


def test_every_byte_of_the_signature_counts(file: Path):
    """Each of them, changed by one bit, and to the other case of its letter."""
    whole = signed(file, b"kind,app\r\nrole,Acme\r\n").read_bytes()
    for at in range(len(whole) - LINE_BYTES, len(whole)):
        for flip in (1, 32):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            with pytest.raises((BrokenChain, BadFile)):
                verify(file)


@given(
    body=st.binary(max_size=100),
    cut=st.integers(1, 400),
    more=st.binary(min_size=1, max_size=20),
)
def test_a_file_that_lost_or_gained_bytes_is_refused(file: Path, body, cut, more):
    """At its end, or in front."""
    whole = signed(file, body).read_bytes()
    for changed in (whole[:-cut], whole[cut:], whole + more, more + whole):
        file.write_bytes(changed)
        with pytest.raises((BrokenChain, BadFile)):
            verify(file)


def test_somebody_else_may_sign_too(file: Path):
    """Then the file is only as good as the key: whoever names the right one is not deceived."""
    signed(file, b"all is well", OTHER)

    assert not verify(file).known
    with pytest.raises(BrokenChain, match="not the one you named"):
        verify(file, (public_key(SEED),))


def test_a_digest_that_was_signed_elsewhere_is_no_signature(file: Path):
    """The key's signature over another file does not fit under this one."""
    one = signed(file, b"one").read_bytes()[-LINE_BYTES:]
    two = signed(file, b"two").read_bytes()[-LINE_BYTES:]
    mixed = two[: -129 - len(" ed25519:")] + one[-129 - len(" ed25519:") :]
    file.write_bytes(b"two" + mixed)

    with pytest.raises(BrokenChain, match="not made with the key"):
        verify(file)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n\n"])
def test_what_is_no_key(text: str):
    """It is said before any file is read."""
    with pytest.raises(BadConfig, match="no public key"):
        read_key(text)


def test_the_command_says_what_it_proves(file: Path):
    """Unchanged, by whom, and what is not known without the key."""
    signed(file, b"body")
    told = CliRunner().invoke(command, [str(file)])
    sure = CliRunner().invoke(command, [str(file), "--key", public_key(SEED).upper()])

    assert (told.exit_code, sure.exit_code) == (0, 0)
    assert "is unchanged since it was signed" in told.output
    assert "anybody can make one" in told.output
    assert "Signed with the key that you named" in sure.output
    assert "anybody" not in sure.output


def test_on_a_machine_without_the_server(tmp_path: Path):
    """With nothing but what the connector's install has: one file accepted, a tampered one not."""
    good = signed(tmp_path / "good.csv", b"all is well")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(good.read_bytes().replace(b"well", b"fine"))

    done = without_the_server("verify", good, "--key", public_key(SEED))
    assert (done.returncode, done.stderr) == (0, "")
    assert "unchanged" in done.stdout
    done = without_the_server("verify", bad)
    assert done.returncode == Code.DATA_LOSS
    assert "was changed after it was signed" in done.stderr
    done = without_the_server("verify", tmp_path / "missing.csv")
    assert done.returncode == Code.INVALID_ARGUMENT


def without_the_server(*words: object) -> "subprocess.CompletedProcess[str]":
    """`rolecall` where only the packages of the connector can be imported."""
    hidden = pinned("server") - pinned("connector")
    assert {"django", "psycopg", "reportlab"} <= hidden
    modules = sorted({name.replace("-", "_") for name in hidden} | {"allauth", "ninja", "csp"})
    line = (
        f"import sys; sys.modules.update(dict.fromkeys({modules!r}))\n"
        "from rolecall.server.project.cli import main\n"
        f"main({[str(one) for one in words]!r})"
    )
    return subprocess.run(
        [sys.executable, "-c", line], check=False, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin"}, cwd="/",
    )  # fmt: skip


def pinned(name: str) -> set[str]:
    """The packages of one of our lists."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
