"""A simulator that lives as long as its process: what `notion-sim` runs.

Owns signals and the `export` lines: stdout holds nothing else, stderr is for people.
"""

import asyncio
import shlex
import signal
import socket
import sys

from notion_sim.control import control_app
from notion_sim.engine import Engine
from notion_sim.faults import Faults, parse_rules
from notion_sim.options import Options
from notion_sim.server import Application, listen, serve

__all__ = ["run"]


def run(options: Options, *, rules: object, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        ValueError: the fault rules make no sense.
        OSError: the port is taken, or the address is not ours.
    """
    parsed = parse_rules(rules)
    sock = listen(host, port)
    engine = Engine(options)
    engine.faults = Faults(parsed, seed=options.seed)
    asyncio.run(_serve(engine, sock, host))


async def _serve(engine: Engine, sock: socket.socket, host: str) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{sock.getsockname()[1]}"

    def ready() -> None:
        lines = {
            "BATON_SCIM_TOKEN": engine.world.scim_token,
            "BATON_API_KEY": engine.world.api_key,
            "BATON_BASE_URL": f"{base}/scim/v2",
            "BATON_REST_BASE_URL": f"{base}/v1",
        }
        exports = (f"export {name}={shlex.quote(text)}\n" for name, text in lines.items())
        sys.stdout.write("".join(exports))
        sys.stdout.flush()
        totals = f"{len(engine.world.order)} members and {len(engine.world.groups)} groups"
        sys.stderr.write(f"notion-sim: {totals} at {base}; look at {base}/_sim/\n")
        sys.stderr.flush()

    await serve(Application(engine, control_app(engine)), sock, ready=ready, stop=stop)
