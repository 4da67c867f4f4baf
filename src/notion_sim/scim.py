"""The SCIM face: who may ask, which call it is, and what is answered (Notion: N-003, N-007, N-008).

Routes requests to reading (here) and writing (`notion_sim.scim_write`). Opens no socket.
"""

from collections.abc import Callable

from notion_sim import discovery, listing, records, scim_write
from notion_sim.refusal import Refusal
from notion_sim.wire import JSON, SCIM, Reply, Request, json_reply
from notion_sim.world import World

__all__ = ["PREFIX", "answer"]

PREFIX = "/scim/v2"
Handler = Callable[[World, Request, str], Reply]


def answer(world: World, request: Request) -> Reply:
    """Return the reply to a SCIM request.

    Raises:
        Refusal: what Notion would refuse; the caller gives it a body.
    """
    kind, _, ident = request.path.removeprefix(PREFIX).strip("/").partition("/")
    open_door = kind == "ServiceProviderConfig" and world.options.open_discovery == "yes"
    if not open_door:
        _admit(world, request)
    form = f"{kind}/*" if ident else kind
    ways = ROUTES.get(form)
    if ways is None or "/" in ident:
        raise Refusal(404, "There is no such SCIM endpoint.")
    handler = ways.get(request.method)
    if handler is None:
        raise Refusal(405, f"{request.method} is not allowed here.")
    reply = handler(world, request, ident)
    return reply if world.options.content_type == "scim" else _plain(reply)


def _plain(reply: Reply) -> Reply:
    kind = JSON if reply.content_type == SCIM else reply.content_type
    return Reply(status=reply.status, body=reply.body, content_type=kind, headers=reply.headers)


def _admit(world: World, request: Request) -> None:
    """Refuse a stranger, and a workspace that has not the plan.

    Raises:
        Refusal: as the switches `bad_token_status` and `plan_status` say.
    """
    token = world.tokens.get(request.bearer)
    if token is None or token.revoked:
        raise Refusal(int(world.options.bad_token_status), "The SCIM token is not valid.")
    if world.options.plan != "enterprise":
        raise Refusal(
            int(world.options.plan_status), "SCIM is available on the Enterprise Plan only."
        )


def _list_users(world: World, request: Request, _ident: str) -> Reply:
    page = listing.users_page(world, request.query)
    return _list(page, records.user_page(world, page.ids, request.origin))


def _list_groups(world: World, request: Request, _ident: str) -> Reply:
    page = listing.groups_page(world, request.query)
    return _list(page, records.group_page(world, page.ids, request.origin))


def _list(page: listing.Page, resources: bytes) -> Reply:
    size = len(page.ids)
    return Reply(body=records.list_page(resources, total=page.total, start=page.start, count=size))


def _get_user(world: World, request: Request, ident: str) -> Reply:
    scim_write.member(world, ident)
    return json_reply(records.user_dict(world, ident, request.origin))


def _get_group(world: World, request: Request, ident: str) -> Reply:
    scim_write.group(world, ident)
    return json_reply(records.group_dict(world, ident, request.origin))


ROUTES: dict[str, dict[str, Handler]] = {
    "ServiceProviderConfig": {"GET": discovery.service_provider_config},
    "ResourceTypes": {"GET": discovery.resource_types},
    "ResourceTypes/*": {"GET": discovery.resource_type},
    "Schemas": {"GET": discovery.schemas},
    "Schemas/*": {"GET": discovery.schema},
    "Users": {"GET": _list_users, "POST": scim_write.create_user},
    "Users/*": {
        "GET": _get_user,
        "PATCH": scim_write.patch_user,
        "PUT": scim_write.put_user,
        "DELETE": scim_write.delete_user,
    },
    "Groups": {"GET": _list_groups, "POST": scim_write.create_group},
    "Groups/*": {
        "GET": _get_group,
        "PATCH": scim_write.patch_group,
        "PUT": scim_write.put_group,
        "DELETE": scim_write.delete_group,
    },
}
