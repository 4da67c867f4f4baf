"""The demo: a simulated company is synced, people move, access is changed, and changed back.

Runs the two commands as a person would, in processes of their own. With `--check` it works in a
temporary folder and fails if anything that it shows is not so.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from demo_service import serve

BIN = Path(sys.executable).parent
USERS, GROUPS, SEED, MOVES = 120, 12, 7, 6


class Failed(Exception):
    """The demo did not show what it should."""


def main(arguments: list[str]) -> None:
    """Run the demo; the argument is the folder for its files, or `--check`."""
    if arguments == ["--check"]:
        with tempfile.TemporaryDirectory() as scratch:
            demo(Path(scratch), watched=False)
        print("demo-check: ok")
        return
    folder = Path(arguments[0])
    folder.mkdir(exist_ok=True)
    (folder / "sync.c1z").unlink(missing_ok=True)
    for old in (folder / "sync.c1z.journal").glob("*.jsonl"):
        old.unlink()  # of a simulator that is gone
    demo(folder, watched=True)


def demo(folder: Path, *, watched: bool) -> None:
    """Sync, show, move, sync, compare; then grant, add, remove, undo, and show the journal."""
    with simulator() as environ:
        tool = Tool(folder, environ, watched=watched)
        tool.say(f"A company of {USERS} people in {GROUPS} groups, on a simulated Notion.")
        tool.run("-f", "sync.c1z")
        accounts = tool.table("accounts", most=15)
        tool.table("groups")
        tool.table("roles")
        expect(len(accounts) == USERS, f"{len(accounts)} accounts instead of {USERS}")
        tool.say(f"Meanwhile at the company: {MOVES} things happen, and we sync again.")
        happened = move(environ)
        for sentence in happened:
            tool.say(f"  {sentence}")
        tool.run("-f", "sync.c1z")
        changes = tool.json("diff", "-f", "sync.c1z")
        expect(bool(changes), f"no change seen, though there was: {happened}")
        tool.run("diff", "-f", "sync.c1z")
        workbook = folder / "access.xlsx"
        tool.run("export", "-f", "sync.c1z", "--what", "access", workbook.name)
        expect(workbook.stat().st_size > 0, "the workbook is empty")
        change(tool, environ)
        work(tool, environ, seconds=30.0 if watched else 6.0)
        expect(not list(folder.glob(".*")), "something was left over")
    tell_where(tool, folder.resolve())


def tell_where(tool: "Tool", folder: Path) -> None:
    """Name the files, and what to ask next."""
    tool.say("The files are here:")
    tool.say(f"  {folder}/sync.c1z          both syncs, for every Baton tool")
    tool.say(f"  {folder}/access.xlsx       who has what, for a spreadsheet")
    tool.say(f"  {folder}/sync.c1z.journal  every change, one file each")
    tool.say(f"  {folder}/service.log       what the connector logged in service mode")
    tool.say(f"Ask more: {BIN / 'rolecall-notion'} show access NAME -f {folder}/sync.c1z")


def change(tool: "Tool", environ: dict[str, str]) -> None:
    """Change people's access and one change back; look at the simulator after each."""
    before = state(environ)
    who = next(one for one in before["members"] if one["role"] == "member")
    group = next(one for one in before["groups"] if who["id"] not in one["members"])
    email, name = who["email"], group["name"]

    tool.say("Access is changed: planned, guarded, recorded, sent, and looked at again.")
    tool.run("grant", "membership_admin", email, "--dry-run")
    expect(state(environ) == before, "the dry run changed something")
    tool.run("grant", "membership_admin", email, "--why", "looks after the members now")
    expect(role(environ, email) == "membership_admin", "the role is not there")
    tool.run("group", "add", name, email)
    expect(email in members(environ, name), f"{email} is not in {name}")
    tool.run("account", "remove", email)
    expect(role(environ, email) == "", "the person is still there")
    (removal,) = [one for one in tool.json("journal") if "leaves the workspace" in one["says"]]
    tool.say("That was a mistake, and the journal knows the way back.")
    tool.run("undo", str(removal["entry"]))
    expect(role(environ, email) == "membership_admin", "the role did not come back")
    expect(email in members(environ, name), f"{email} is not in {name} again")
    tool.run("journal")
    expect({one["state"] for one in tool.json("journal")} == {"verified"}, "not all is verified")


def work(tool: "Tool", environ: dict[str, str], *, seconds: float) -> None:
    """Let the connector work for a controller: syncs, a grant, a revoke, an order it cannot do."""
    who = next(one for one in state(environ)["members"] if one["role"] == "member")
    entitlement = {
        "id": "role:membership_admin:assigned",
        "resource": {"id": {"resourceType": "role", "resource": "membership_admin"}},
    }
    principal = {"id": {"resourceType": "user", "resource": who["id"]}}
    grant = {
        "id": f"role:membership_admin:assigned:user:{who['id']}",
        "entitlement": entitlement,
        "principal": principal,
    }
    tool.say(f"Service mode: for {seconds:.0f} seconds it works unattended for a controller, which")
    tool.say(
        "  asks for syncs, a role, its end, a list, and for a thing that Notion does not have."
    )
    tool.say("  $ BATON_CLIENT_ID=... BATON_CLIENT_SECRET=... rolecall-notion -p --state-dir state")
    tasks: list[dict[str, Any]] = [
        {"grant": {"entitlement": entitlement, "principal": principal}},
        {"revoke": {"grant": grant}},
        {"actionListSchemas": {}},
        {"eventFeed": {}},
    ]
    said = serve(
        tool.folder, environ, tasks, seconds=seconds, tell=lambda line: tool.say(f"  {line}")
    )
    shown = "\n".join(said)
    for kind in ("sync_full", "grant", "revoke", "action_list_schemas"):
        expect(any(line.startswith(f"{kind} done") for line in said), shown)
    expect(role(environ, who["email"]) == "restricted_member", "the revoke was not carried out")


def state(environ: dict[str, str]) -> Any:  # noqa: ANN401 - JSON of the simulator
    """Members, groups and tokens, as the simulator holds them; asks past the product."""
    root = environ["BATON_BASE_URL"].split("/scim/")[0]
    with urlopen(f"{root}/_sim/state", timeout=10) as answer:  # noqa: S310 - our own simulator
        found = json.load(answer)
    return {what: found[what] for what in ("members", "groups", "tokens")}


def role(environ: dict[str, str], email: str) -> str:
    """The role of a member in the simulator; "" if there is none."""
    return next((m["role"] for m in state(environ)["members"] if m["email"] == email), "")


def members(environ: dict[str, str], group: str) -> set[str]:
    """E-mail addresses of the members of a group in the simulator."""
    found = state(environ)
    ids = next(one["members"] for one in found["groups"] if one["name"] == group)
    return {one["email"] for one in found["members"] if one["id"] in ids}


def expect(so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like the sentence it is
    """Fail unless it is so."""
    if not so:
        raise Failed(otherwise)


@contextmanager
def simulator(
    users: int = USERS, groups: int = GROUPS, seed: int = SEED
) -> Iterator[dict[str, str]]:
    """A running simulator, as the environment that leads to it."""
    command = ["--users", users, "--groups", groups, "--seed", seed, "--port", 0]
    process = subprocess.Popen(
        [BIN / "notion-sim", *map(str, command)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield {**clean_environ(), **exports(process)}
    finally:
        process.terminate()
        process.wait(timeout=10)


def clean_environ() -> dict[str, str]:
    """Ours, without what somebody set up for their real Notion."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("BATON_")}
    return {**own, "BATON_LOG_FORMAT": "console"}


def exports(process: "subprocess.Popen[str]") -> dict[str, str]:
    """The variables that the simulator prints when it is ready."""
    found: dict[str, str] = {}
    for line in process.stdout or ():
        if match := re.fullmatch(r"export (\w+)=(.*)", line.strip()):
            found[match[1]] = shlex.split(match[2])[0]
        if "BATON_REST_BASE_URL" in found:
            return found
    raise Failed("the simulator did not start")


def move(environ: dict[str, str]) -> list[str]:
    """Let people join, leave, and change groups and roles; returns what happened, in words."""
    root = environ["BATON_BASE_URL"].split("/scim/")[0]
    body = json.dumps({"times": MOVES}).encode()
    request = Request(  # noqa: S310 - our own simulator, on this machine
        f"{root}/_sim/move", data=body, headers={"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        return list(json.load(answer)["moves"])


class Tool:
    """`rolecall-notion` in a folder.

    Args:
        folder: where it works.
        environ: its environment.
        watched: whether somebody reads what it prints.
    """

    def __init__(self, folder: Path, environ: dict[str, str], *, watched: bool) -> None:
        self.folder = folder
        self._environ = environ
        self._watched = watched

    def say(self, line: str) -> None:
        """Tell the person who watches."""
        if self._watched:
            print(f"\n{line}" if not line.startswith(" ") else line, flush=True)

    def run(self, *arguments: str) -> str:
        """Run it, show the command line and its output, and return the latter."""
        self.say(f"$ rolecall-notion {shlex.join(arguments)}")
        done = self._do(arguments)
        if self._watched:
            print(done.stdout, end="", flush=True)
        return done.stdout

    def json(self, *arguments: str) -> list[Any]:
        """Its output as JSON."""
        found = json.loads(self._do([*arguments, "-o", "json"], quiet=True).stdout)
        expect(isinstance(found, list), "the JSON is no array")
        return list(found)

    def table(self, what: str, *, most: int = 10_000) -> list[Any]:
        """Show a table of it, its first rows only; return all rows."""
        self.say(f"$ rolecall-notion show {what} -f sync.c1z")
        lines = self._do(["show", what, "-f", "sync.c1z"]).stdout.splitlines()
        if self._watched:
            print("\n".join(lines[: most + 1]))
            if len(lines) > most + 1:
                print(f"... and {len(lines) - most - 1} more")
        return self.json("show", what, "-f", "sync.c1z")

    def _do(
        self, arguments: Sequence[str], *, quiet: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [BIN / "rolecall-notion", *arguments],
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=None if self._watched and not quiet else subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{arguments} ended with {done.returncode}: {done.stderr or ''}")
        return done


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failed as failure:
        sys.exit(f"demo: {failure}")
