"""A real browser on a real web process over a real database.

Where there is no chromium these tests are skipped, loudly; with `CI` set that is a failure.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright
from session_database import SessionDatabase
from smtp_inbox import Inbox, an_inbox

from notion_sim import Options, Simulator
from rolecall.server import clock
from rolecall.server.people.models import User
from rolecall.server.project.authority import prepare
from rolecall.server.project.embedded.roles import Role

sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from company import cookie_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOW = "install it (Debian: apt-get install chromium), and run `make test` again"
CONTROL = (
    "import django; django.setup(); from django.conf import settings; "
    "from rolecall.server.project.controlling import control; control(settings.CONFIG.controller)"
)
WORK = "import django; django.setup(); from rolecall.server.project.work import work; "


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser nothing here can be shown."""
    if CHROMIUM or os.environ.get("CI"):
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"NOT TESTED, no chromium: {HOW}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was left out."""
    if not CHROMIUM:
        terminalreporter.write_sep("!", "the pages were NOT tested in a browser", red=True)
        terminalreporter.write_line(f"There is no chromium on this machine: {HOW}.")


def free_port() -> int:
    """A port that nobody uses at present."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def program(words: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program of ours; ended at the latest here."""
    settings_module = {"DJANGO_SETTINGS_MODULE": "rolecall.server.project.settings"}
    passed = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, *words],
        env={**environ, **settings_module, **passed},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("ROLECALL_TALK") else subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """A workspace of 24."""
    with Simulator(Options(users=24, groups=6)) as sim:
        yield sim


@pytest.fixture
def fresh(sim: Simulator, inbox: Inbox) -> None:
    """The workspace as it was made, and no mail."""
    sim.reset(Options(users=24, groups=6))
    inbox.mails.clear()


@pytest.fixture(scope="module")
def controller_port() -> int:
    """Where self-hosted connectors are told to call."""
    return free_port()


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    """The mail server that the web process and the worker know."""
    with an_inbox() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def known(sim: Simulator, inbox: Inbox, controller_port: int) -> dict[str, str]:
    """What web and worker have in common: links lead here, tokens there, and mail there."""
    return {
        "ROLECALL_PUBLIC_URL": f"http://localhost:{free_port()}",
        "ROLECALL_NOTION_ALLOWED_HOSTS": f"127.0.0.1:{sim.port}",
        "ROLECALL_NOTION_SCIM_URL": sim.scim_url,
        "ROLECALL_NOTION_REST_URL": sim.rest_url,
        "ROLECALL_MAIL_URL": inbox.url,
        "ROLECALL_MAIL_SENDER": "rolecall@acme.example",
        "ROLECALL_CONTROLLER_ADDRESS": f"localhost:{controller_port}",
    }


@pytest.fixture(scope="module")
def site(database: SessionDatabase, known: dict[str, str]) -> Iterator[str]:
    """The address of a running web process, which lets connectors go to the simulator."""
    address = known["ROLECALL_PUBLIC_URL"]
    environ = database.environ(Role.WEB, **known)
    words = [
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{urlsplit(address).port}",
        "--threads",
        "4",
        "--no-control-socket",
    ]
    with program([*words, "rolecall.server.project.wsgi"], environ) as process:
        _until_it_answers(f"{address}/ready", process)
        yield address


def _until_it_answers(address: str, process: subprocess.Popen[bytes]) -> None:
    for _try in range(3000):  # minutes, on a machine that is busy with other things
        assert process.poll() is None, "the web process has ended"
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - ours
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("the web process does not answer")


@pytest.fixture
def worker(
    database: SessionDatabase, known: dict[str, str], transactional_db: None
) -> Iterator[None]:
    """A running worker process."""
    del transactional_db
    words = ["-c", f"{WORK}work(jobs_at_once=4)"]
    with program(words, database.environ(Role.WORKER, **known)):
        yield


@pytest.fixture
def controller(
    database: SessionDatabase, controller_port: int, tmp_path: Path, transactional_db: None
) -> Iterator[Path]:
    """A running controller process; where its authority's certificate is."""
    del transactional_db
    found = prepare(tmp_path / "tls", ["localhost"], None, clock.now())
    environ = database.environ(
        Role.WEB, ROLECALL_CONTROLLER_BIND=f"127.0.0.1:{controller_port}",
        ROLECALL_CONTROLLER_CERTIFICATE=str(found.certificate),
        ROLECALL_CONTROLLER_KEY=str(found.key),
    )  # fmt: skip
    with program(["-c", CONTROL], environ):
        yield found.root


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Debian's chromium.

    Playwright keeps an event loop open in this thread, which Django would take for a mistake, and
    in which no other test could run a loop of its own: it ends with each module.
    """
    assert CHROMIUM, f"there is no chromium: {HOW}"
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chrome: Browser, site: str, transactional_db: None) -> Iterator[Callable[..., Page]]:
    """A page for a user who is logged in, or for nobody; fails on any error in its console."""
    del transactional_db
    contexts, said = [], []

    def opened(
        user: User | None, *, width: int = 1280, scheme: str = "light", scripts: bool = True
    ) -> Page:
        context = chrome.new_context(
            base_url=site, viewport={"width": width, "height": 900}, color_scheme=scheme,
            locale="en-US", java_script_enabled=scripts,
        )  # fmt: skip
        contexts.append(context)
        if user is not None:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": cookie_of(user), "url": site}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: said.append(message) if message.type == "error" else 0)
        page.on("pageerror", lambda error: said.append(error))  # noqa: PLW0108 - it is marked
        return page

    yield opened
    for context in contexts:
        context.close()
    texts = [str(getattr(one, "text", one)) for one in said]
    assert [text for text in texts if "status of 4" not in text] == []
