"""The server's demo: `rolecall up` on a simulated Notion, with a connector that is connected.

Stays until Ctrl-C, which stops everything. With `--check` it works in a temporary folder, on free
ports, logs in as a person would, looks at the accounts, and ends.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from demo import BIN, USERS, Failed, clean_environ, expect, simulator, state

PORT = 8010
CALLS = 8443
"""Where self-hosted connectors call."""
BOTS = 2
"""Integrations of the simulator, which the API key shows."""
LONG_S = 300.0


def main(arguments: list[str]) -> None:
    """Run the demo; the argument is the folder for its files, or `--check`."""
    if arguments == ["--check"]:
        with tempfile.TemporaryDirectory(prefix="rolecall-demo-") as scratch:
            Path(scratch).chmod(0o711)  # the database's user passes through, under root
            demo(Path(scratch), a_free_port(), stay=False)
        print("demo-check of the server: ok")
        return
    folder = Path(arguments[0]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "data", ignore_errors=True)  # of a simulator that is gone
    demo(folder, PORT, stay=True)


def demo(folder: Path, port: int, *, stay: bool) -> None:
    """Start everything, fill it, tell the person, and stay or look."""
    with simulator() as notion:
        environ = {
            **clean_environ(),
            **notion,
            "ROLECALL_PUBLIC_URL": f"http://localhost:{port}",
            "ROLECALL_BIND": f"127.0.0.1:{port}",
            "ROLECALL_CONTROLLER_BIND": f"127.0.0.1:{CALLS if stay else a_free_port()}",
            "ROLECALL_NOTION_ALLOWED_HOSTS": notion["BATON_BASE_URL"].split("/")[2],
            "ROLECALL_NOTION_SCIM_URL": notion["BATON_BASE_URL"],
            "ROLECALL_NOTION_REST_URL": notion["BATON_REST_BASE_URL"],
        }
        with server(folder, environ) as process:
            found = seed(folder, environ)
            expect(found["state"] == "Connected", f"the connector is {found['state']}")
            if stay:
                tell(found, environ)
                process.wait()
            else:
                look(found, environ)


@contextmanager
def server(folder: Path, environ: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`rolecall up`, until the end of the block."""
    print("Starting the database, the web and a worker (the first time takes a minute) ...")
    log = folder / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BIN / "rolecall", "up", "--data", folder / "data"],
            env=environ,
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + LONG_S
        while "Rolecall is at" not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > until:
                raise Failed(f"it did not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield process
    finally:
        # Ctrl-C in a terminal has reached it already; a second signal changes nothing.
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def seed(folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    """Fill it; what is there afterwards."""
    print("Adding a Notion connector, and waiting for two syncs ...")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("demo_seed.py"), folder / "data"],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed("the installation could not be filled; see above, and up.log")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tell(found: dict[str, Any], environ: dict[str, str]) -> None:
    """Say where it is, how to log in, and what to try."""
    login, app = found["login"], found["app"]
    url = environ["ROLECALL_PUBLIC_URL"]
    happened = "\n".join(f"    {move}" for move in found["moves"])
    print(f"""
Rolecall is at {url}
    e-mail    {login["email"]}
    password  {login["password"]}

It is connected to a simulated Notion of {USERS} people. Since its first sync this happened there:
{happened}

Try:
    {url}/apps/{app}/accounts       who is in, with which role; filter, sort, CSV
    {url}/apps/{app}/changes        what happened, as the second sync saw it
    {url}/apps/{app}/entitlements   who holds what, now and before
    {url}/connectors/               the connector: sync now, schedule, history, log
    {environ["BATON_BASE_URL"].split("/scim/")[0]}/_sim/      the simulated Notion itself

To add a connector yourself (Connectors, Add connector, Notion), paste what this Notion gives out:
    Notion SCIM API token  {environ["BATON_SCIM_TOKEN"]}
    Notion API key         {environ["BATON_API_KEY"]}

Ctrl-C stops everything.
""", flush=True)  # fmt: skip


def look(found: dict[str, Any], environ: dict[str, str]) -> None:
    """Log in as a person would, and see the accounts."""
    url = environ["ROLECALL_PUBLIC_URL"]
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    expect("Log in" in page(browser, f"{url}/"), "home is shown to somebody unknown")
    token = page(browser, f"{url}/login/").partition('name="csrfmiddlewaretoken" value="')[2]
    form = {
        "login": found["login"]["email"],
        "password": found["login"]["password"],
        "csrfmiddlewaretoken": token.partition('"')[0],
    }
    request = Request(f"{url}/login/", data=urlencode(form).encode(), headers={"Referer": url})  # noqa: S310 - our own server
    with browser.open(request, timeout=30) as answer:
        expect(answer.status == 200, "the login is refused")  # noqa: PLR2004
    shown = page(browser, f"{url}/apps/{found['app']}/accounts")
    emails = [one["email"] for one in state(environ)["members"]]
    expect("Log in" not in shown, "the login did not work")
    there = f"of {len(emails) + BOTS}</span>"
    expect(there in shown, f"the page does not show {len(emails)} people and {BOTS} integrations")
    expect(any(email in shown for email in emails), "the page shows nobody's address")


def page(browser: OpenerDirector, url: str) -> str:
    """The text of a page."""
    with browser.open(url, timeout=30) as answer:
        return str(answer.read().decode())


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    os.umask(0o022)
    for ending in (signal.SIGINT, signal.SIGTERM):  # also in the background, and under a supervisor
        signal.signal(ending, signal.default_int_handler)
    try:
        main(sys.argv[1:])
    except Failed as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        print("Stopped.")
