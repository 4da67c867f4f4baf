"""The simulator as an object: a workspace served by a thread, for tests and other programs.

Every method runs on the server's thread and waits for it, so that nothing is seen half-changed.
`world` is the live object itself: look at it when no request is under way.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

from notion_sim import console
from notion_sim.control import control_app
from notion_sim.engine import Engine
from notion_sim.faults import Faults, parse_rules
from notion_sim.options import Options
from notion_sim.server import Application, listen, serve
from notion_sim.world import World

__all__ = ["Simulator"]

T = TypeVar("T")


class Simulator:
    """A Notion workspace on a free port of this machine, while the `with` block lasts.

    Args:
        options: sizes and switches.
        host: address to listen on.
        port: 0 picks a free one.
    """

    def __init__(
        self, options: Options | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._engine = Engine(options or Options())
        self._host, self._port = host, port
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, and answer from a thread of our own.

        Raises:
            OSError: the port is taken.
        """
        sock = listen(self._host, self._port)
        self._port = sock.getsockname()[1]
        ready = threading.Event()
        app = Application(self._engine, control_app(self._engine))

        async def run() -> None:
            self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
            await serve(app, sock, ready=ready.set, stop=self._stop)

        self._thread = threading.Thread(
            target=asyncio.run, args=(run(),), name="notion-sim", daemon=True
        )
        self._thread.start()
        ready.wait(30)

    def stop(self) -> None:
        """Close every connection and end the thread; doing it twice changes nothing."""
        if self._loop is None or self._stop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop = None

    def _call(self, act: Callable[[], T]) -> T:
        """Run something on the server's thread and return what it returns."""
        if self._loop is None:
            return act()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(60)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{self._host}:{self._port}"

    @property
    def scim_url(self) -> str:
        """The base of the SCIM API."""
        return f"{self.url}/scim/v2"

    @property
    def rest_url(self) -> str:
        """The base of the REST API."""
        return f"{self.url}/v1"

    @property
    def world(self) -> World:
        """The live workspace."""
        return self._engine.world

    @property
    def scim_token(self) -> str:
        """The first SCIM token."""
        return self.world.scim_token

    @property
    def api_key(self) -> str:
        """The REST API key."""
        return self.world.api_key

    def reset(self, options: Options) -> None:
        """Replace the workspace; log, faults and numbering start over, the port stays."""
        world = World(options)
        self._call(lambda: self._engine.load(world))

    def switch(self, name: str, value: object) -> None:
        """Throw a switch; raises ValueError for a name or value that does not exist."""
        self._call(lambda: self._engine.switch(name, value))

    def set_faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace all fault rules; their counts start at zero, request numbers go on."""
        parsed = parse_rules(list(rules))
        self._call(
            lambda: setattr(self._engine, "faults", Faults(parsed, seed=self.world.options.seed))
        )

    def fired(self) -> dict[str, int]:
        """Return how often each fault rule struck, by name."""
        return self._call(lambda: {rule.name: rule.fired for rule in self._engine.faults.rules})

    def requests(self) -> list[dict[str, Any]]:
        """Return what was asked, oldest first (see `/_sim/requests`)."""
        return self._call(lambda: console.requests(self._engine))

    def clear_requests(self) -> None:
        """Empty the log and number from 1 again."""
        self._call(lambda: console.clear_requests(self._engine))

    def history(self) -> list[dict[str, Any]]:
        """Return every change of membership, role and group since the start."""
        return self._call(lambda: console.history(self._engine))

    def state(self) -> dict[str, Any]:
        """Return the whole workspace, for an oracle (see `/_sim/state`)."""
        return self._call(lambda: console.state(self._engine))

    def presence(self, first_seq: int, last_seq: int) -> dict[str, Any]:
        """Return who was there throughout, and who at any time, between two events."""
        return self._call(lambda: console.presence(self._engine, first_seq, last_seq))

    def move(self, times: int = 1) -> list[str]:
        """Let so many random things happen; return them in plain words."""
        return self._call(lambda: console.move(self._engine, times))

    def add_user(
        self, email: str = "", *, name: str = "", role: str = "member", where: str = "back"
    ) -> str:
        """Let somebody join past all rules; return the id."""
        asked = {"email": email, "name": name, "role": role, "where": where}
        return self._call(lambda: console.add_user(self._engine, asked))

    def remove_user(self, uid: str) -> None:
        """Let a member leave past all rules; raises KeyError for a stranger."""
        self._call(lambda: self.world.leave(uid))

    def set_role(self, uid: str, role: str) -> None:
        """Give a member another role past all rules; any text will do."""
        self._call(lambda: self.world.set_role(uid, role))

    def add_group(self, name: str, members: Sequence[str] = ()) -> str:
        """Make a group past all rules; return its id."""
        return self._call(lambda: console.add_group(self._engine, name, members))

    def remove_group(self, gid: str) -> None:
        """Delete a group past all rules."""
        self._call(lambda: self.world.delete_group(gid))

    def add_to_group(self, gid: str, uid: str) -> None:
        """Put somebody into a group past all rules: even an id that nobody has."""
        self._call(lambda: self.world.add_to_group(gid, uid))

    def remove_from_group(self, gid: str, uid: str) -> None:
        """Take somebody out of a group."""
        self._call(lambda: self.world.remove_from_group(gid, uid))

    def revoke_tokens(self) -> int:
        """Revoke every SCIM token; return how many died."""
        return self._call(self.world.revoke_tokens)

    def mint_token(self, creator: str) -> str:
        """Return a new SCIM token made by a member."""
        return self._call(lambda: self.world.mint_token(creator))
