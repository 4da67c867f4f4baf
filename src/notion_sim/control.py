"""`/_sim/`: see and change the workspace while it runs; JSON, no credential, this machine only.

Only parses and calls `notion_sim.console`; everything else it answers is an error for a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from notion_sim import console
from notion_sim.engine import Engine
from notion_sim.faults import Faults, parse_rules
from notion_sim.options import switches

__all__ = ["PATHS", "control_app"]

Answer = Callable[[Engine, Request], Awaitable[Any]]
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


async def _state(engine: Engine, _request: Request) -> object:
    return console.state(engine)


async def _requests(engine: Engine, _request: Request) -> object:
    return console.requests(engine)


async def _clear(engine: Engine, _request: Request) -> object:
    console.clear_requests(engine)
    return {"cleared": True}


async def _faults(engine: Engine, _request: Request) -> object:
    return [rule.described() for rule in engine.faults.rules]


async def _set_faults(engine: Engine, request: Request) -> object:
    rules = parse_rules(await request.json())
    engine.faults = Faults(rules, seed=engine.options.seed)
    return await _faults(engine, request)


async def _no_faults(engine: Engine, _request: Request) -> object:
    engine.faults = Faults(seed=engine.options.seed)
    return []


async def _history(engine: Engine, request: Request) -> object:
    return console.history(engine, int(request.query_params.get("after", 0)))


async def _presence(engine: Engine, request: Request) -> object:
    last = request.query_params.get("to", len(engine.world.history))
    return console.presence(engine, int(request.query_params.get("from", 0)), int(last))


async def _add_user(engine: Engine, request: Request) -> object:
    return {"id": console.add_user(engine, await _body(request))}


async def _change_user(engine: Engine, request: Request) -> object:
    engine.world.set_role(request.path_params["id"], str((await _body(request))["role"]))
    return {"role": engine.world.roles[request.path_params["id"]]}


async def _remove_user(engine: Engine, request: Request) -> object:
    engine.world.leave(request.path_params["id"])
    return {"left": request.path_params["id"]}


async def _move(engine: Engine, request: Request) -> object:
    return {"moves": console.move(engine, int((await _body(request)).get("times", 1)))}


async def _add_group(engine: Engine, request: Request) -> object:
    asked = await _body(request)
    return {"id": console.add_group(engine, str(asked["name"]), asked.get("members", []))}


async def _remove_group(engine: Engine, request: Request) -> object:
    engine.world.delete_group(request.path_params["id"])
    return {"deleted": request.path_params["id"]}


async def _put_in_group(engine: Engine, request: Request) -> object:
    engine.world.add_to_group(request.path_params["id"], request.path_params["user"])
    return {"joined": request.path_params["user"]}


async def _take_from_group(engine: Engine, request: Request) -> object:
    engine.world.remove_from_group(request.path_params["id"], request.path_params["user"])
    return {"left": request.path_params["user"]}


async def _switches(engine: Engine, _request: Request) -> object:
    return [{**asdict(each), "value": getattr(engine.options, each.name)} for each in switches()]


async def _throw(engine: Engine, request: Request) -> object:
    name = request.path_params["name"]
    engine.switch(name, (await _body(request)).get("value"))
    return {"name": name, "value": getattr(engine.options, name)}


async def _mint(engine: Engine, request: Request) -> object:
    return {"token": engine.world.mint_token(str((await _body(request)).get("creator", "")))}


async def _revoke(engine: Engine, _request: Request) -> object:
    return {"revoked": engine.world.revoke_tokens()}


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent, or an empty one."""
    if not await request.body():
        return {}
    value = await request.json()
    if not isinstance(value, dict):
        raise ValueError("Send a JSON object.")  # noqa: TRY004 - answered with 400
    return value


PATHS: dict[str, dict[str, tuple[Answer, str]]] = {
    "/_sim/state": {"GET": (_state, "Everything that is true now.")},
    "/_sim/requests": {
        "GET": (_requests, "What was asked; never the token."),
        "DELETE": (_clear, "Empty the log, number from 1."),
    },
    "/_sim/faults": {
        "GET": (_faults, "The fault rules and how often each fired."),
        "PUT": (_set_faults, "Replace the fault rules."),
        "DELETE": (_no_faults, "Remove them."),
    },
    "/_sim/history": {"GET": (_history, "Every change; ?after=SEQ.")},
    "/_sim/presence": {"GET": (_presence, "Who was there always and ever; ?from=SEQ&to=SEQ.")},
    "/_sim/users": {
        "POST": (_add_user, "Somebody joins: {email, name, role, where}, all optional.")
    },
    "/_sim/users/{id}": {
        "PATCH": (_change_user, "Another role: {role}."),
        "DELETE": (_remove_user, "Somebody leaves."),
    },
    "/_sim/move": {"POST": (_move, "Random moves: {times}; tells them in plain words.")},
    "/_sim/groups": {"POST": (_add_group, "A new group: {name, members}.")},
    "/_sim/groups/{id}": {"DELETE": (_remove_group, "Delete a group.")},
    "/_sim/groups/{id}/members/{user}": {
        "PUT": (_put_in_group, "Put somebody into a group."),
        "DELETE": (_take_from_group, "Take somebody out of a group."),
    },
    "/_sim/switches": {"GET": (_switches, "All switches with their facts and values.")},
    "/_sim/switches/{name}": {"PUT": (_throw, "Throw a switch: {value}.")},
    "/_sim/tokens": {"POST": (_mint, "A new SCIM token: {creator}.")},
    "/_sim/tokens/revoke": {"POST": (_revoke, "Revoke every SCIM token.")},
}


def _page() -> str:
    """Return the page that lists everything, the readable ones as links."""
    rows = []
    for path, ways in PATHS.items():
        for method, (_, text) in ways.items():
            shown = f'<a href="{path}">{path}</a>' if method == "GET" else path
            rows.append(f"<tr><td>{method}</td><td><code>{shown}</code></td><td>{text}</td></tr>")
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>notion-sim</title>'
    return f"{head}<h1>notion-sim</h1><table>{''.join(rows)}</table></html>"


def control_app(engine: Engine) -> Starlette:
    """Return the control application of one engine."""

    def endpoint(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            if request.client is None or request.client.host not in LOOPBACK:
                return JSONResponse({"error": "Only from this machine."}, 403)
            try:
                return JSONResponse(await answer(engine, request))
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)
            except KeyError as error:
                return JSONResponse({"error": f"There is no {error}."}, 404)

        return respond

    async def index(_request: Request) -> Response:
        return HTMLResponse(_page())

    routes = [
        Route(path, endpoint(answer), methods=[method])
        for path, ways in PATHS.items()
        for method, (answer, _) in ways.items()
    ]
    return Starlette(routes=[Route("/_sim/", index), *_merged(routes)])


def _merged(routes: list[Route]) -> list[Route]:
    """Return the routes; Starlette tries the next one when only the method differs."""
    return routes
