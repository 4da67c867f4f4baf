"""The server's demo: `rolecall up` on two simulated workspaces, and access that was changed.

The server hosts the connector of the first; that of the second runs beside it in service mode, and
calls. Stays until Ctrl-C, which stops everything. With `--check` it works in a temporary folder, on
free ports, logs in as a person would, looks at pages and workspaces, and ends.
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
            demo(Path(scratch), stay=False)
        print("demo-check of the server: ok")
        return
    folder = Path(arguments[0]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for old in ("data", "state"):  # of simulators that are gone
        shutil.rmtree(folder / old, ignore_errors=True)
    demo(folder, stay=True)


def demo(folder: Path, *, stay: bool) -> None:
    """Start everything, fill it, tell the person, and stay or look."""
    port = a_free_port(PORT if stay else 0)
    with simulator() as notion, simulator(users=30, groups=5, seed=11) as labs:
        environ = {
            **clean_environ(),
            **notion,
            "ROLECALL_PUBLIC_URL": f"http://localhost:{port}",
            "ROLECALL_BIND": f"127.0.0.1:{port}",
            "ROLECALL_CONTROLLER_BIND": f"127.0.0.1:{a_free_port(CALLS if stay else 0)}",
            "ROLECALL_NOTION_ALLOWED_HOSTS": notion["BATON_BASE_URL"].split("/")[2],
            "ROLECALL_NOTION_SCIM_URL": notion["BATON_BASE_URL"],
            "ROLECALL_NOTION_REST_URL": notion["BATON_REST_BASE_URL"],
        }
        with server(folder, environ) as process, filled(folder, environ, labs) as found:
            if stay:
                tell(found, environ)
                process.wait()
            else:
                look(found, environ)
                compare(found["changed"], notion, labs)


@contextmanager
def filled(folder: Path, environ: dict[str, str], labs: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Two connectors, and access that was changed; what is there, while the second one calls."""
    print("Adding a Notion connector, and waiting for two syncs ...")
    found = inside("demo_seed.py", folder, environ)
    expect(found["state"] == "Connected", f"the connector is {found['state']}")
    with self_hosted(folder, {**labs, **found.pop("client")}):
        print("Another connector calls by itself; changing access through both ...")
        changed = inside("demo_changes.py", folder, environ)
        expect(changed["state"] == "Connected", f"the other one is {changed['state']}")
        yield {**found, "changed": changed}


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


@contextmanager
def self_hosted(folder: Path, settings: dict[str, str]) -> Iterator[None]:
    """`rolecall-notion` in service mode, as on a machine of its owner's, until the block ends.

    Args:
        folder: for its state and its log; it trusts the authority in the data folder.
        settings: its workspace, and the credential that Rotate has shown.
    """
    environ = {**settings, "SSL_CERT_FILE": str(folder / "data/controller/ca.pem")}
    log = folder / "connector.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BIN / "rolecall-notion", "-p", "--state-dir", folder / "state"],
            env=environ,
            stdout=output,
            stderr=output,
        )
    try:
        yield
        expect(process.poll() is None, f"the connector has ended; see {log}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def inside(script: str, folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    """What a script says that works inside the installation."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name(script), folder / "data"],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{script} failed; see above, and up.log and connector.log in {folder}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tell(found: dict[str, Any], environ: dict[str, str]) -> None:
    """Say where it is, how to log in, and what to try."""
    login, app, changed = found["login"], found["app"], found["changed"]
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
    {url}/connectors/               the connectors: sync now, schedule, history, log
    {environ["BATON_BASE_URL"].split("/scim/")[0]}/_sim/      the simulated Notion itself

Access was changed, too ({url}/decisions/):
    {url}/decisions/{changed["waiting"]["decision"]}
        a plan that waits: look at it, and press Apply
    {url}/decisions/{changed["done"]["decision"]}
        applied and verified: people who joined a group
    {url}/decisions/{changed["undone"]["decision"]}
        applied, verified, and undone
    {url}/connectors/{changed["connector"]}/
        who carried the last one out: a connector that runs beside the server, as on a machine of
        yours, reads a second workspace, and calls by itself

To add a connector yourself (Connectors, Add connector, Notion), paste what this Notion gives out:
    Notion SCIM API token  {environ["BATON_SCIM_TOKEN"]}
    Notion API key         {environ["BATON_API_KEY"]}

Ctrl-C stops everything.
""", flush=True)  # fmt: skip


def look(found: dict[str, Any], environ: dict[str, str]) -> None:
    """Log in as a person would; see the accounts, the connector that calls, and the decisions."""
    url, changed = environ["ROLECALL_PUBLIC_URL"], found["changed"]
    browser = logged_in(url, found["login"])
    shown = page(browser, f"{url}/apps/{found['app']}/accounts")
    emails = [one["email"] for one in state(environ)["members"]]
    expect("Log in" not in shown, "the login did not work")
    there = f"of {len(emails) + BOTS}</span>"
    expect(there in shown, f"the page does not show {len(emails)} people and {BOTS} integrations")
    expect(any(email in shown for email in emails), "the page shows nobody's address")
    calling = page(browser, f"{url}/connectors/{changed['connector']}/")
    expect("Connected" in calling, "the self-hosted connector is not shown as connected")
    for decision in (changed["done"]["decision"], changed["undone"]["undo"]):
        shown = page(browser, f"{url}/decisions/{decision}")
        expect("Verified" in shown, f"{decision} is not shown as verified")
    waiting = page(browser, f"{url}/decisions/{changed['waiting']['decision']}")
    expect("By hand" in waiting, "the plan does not show what only a person may do")


def compare(changed: dict[str, Any], notion: dict[str, str], labs: dict[str, str]) -> None:
    """What was verified is so in the workspaces, and what waits has changed nothing."""
    done, undone = changed["done"], changed["undone"]
    company = state(notion)
    (group,) = [one for one in company["groups"] if one["id"] == done["group"]]
    expect(set(done["people"]) <= set(group["members"]), "somebody did not get into the group")
    roles = {one["id"]: one["role"] for one in state(labs)["members"]}
    back = {roles.get(one) for one in undone["people"]}
    expect(back == {undone["role"]}, f"the undo left these roles: {back}")
    there = {one["id"] for one in company["members"]}
    expect(set(changed["waiting"]["people"]) <= there, "the plan that waits was carried out")


def logged_in(url: str, login: dict[str, str]) -> OpenerDirector:
    """A browser in which somebody has logged in; nobody else sees anything."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    expect("Log in" in page(browser, f"{url}/"), "home is shown to somebody unknown")
    token = page(browser, f"{url}/login/").partition('name="csrfmiddlewaretoken" value="')[2]
    form = {
        "login": login["email"],
        "password": login["password"],
        "csrfmiddlewaretoken": token.partition('"')[0],
    }
    request = Request(f"{url}/login/", data=urlencode(form).encode(), headers={"Referer": url})  # noqa: S310 - our own server
    with browser.open(request, timeout=30) as answer:
        expect(answer.status == 200, "the login is refused")  # noqa: PLR2004
    return browser


def page(browser: OpenerDirector, url: str) -> str:
    """The text of a page."""
    with browser.open(url, timeout=30) as answer:
        return str(answer.read().decode())


def a_free_port(wanted: int = 0) -> int:
    """A port that nobody listens on: the wanted one, if that is so."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as listening:
            return int(listening.getsockname()[1])
    except OSError:
        return a_free_port()


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
