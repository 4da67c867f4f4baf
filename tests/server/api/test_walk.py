"""Every address of the pages and every operation of the API, asked by everybody.

What each is for stands in the tables below, by hand: an address without an entry fails. Who may do
that is the table of `docs/reference/permissions.md`, which another test keeps equal to the code.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from cast import Role, log_in
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from world import EVERYBODY, World, the_world

from rolecall.server.access.models import Sync
from rolecall.server.api.urls import api
from rolecall.server.people.models import User
from rolecall.server.people.permissions import ACTIONS

ANYONE, KNOWN = "anyone", "whoever is logged in"

PAGES = {
    "live": ANYONE, "ready": ANYONE, "appearance": ANYONE, "home": "home:read",
    "account_login": ANYONE, "account_logout": ANYONE, "account_inactive": ANYONE,
    "account_reset_password": ANYONE, "login_link": ANYONE, "mfa_login_webauthn": ANYONE,
    "mfa_authenticate": ANYONE, "socialaccount_login_cancelled": ANYONE,
    "socialaccount_login_error": ANYONE, "openid_connect_login": ANYONE,
    "openid_connect_callback": ANYONE,
    "account_reauthenticate": KNOWN, "account_change_password": KNOWN,
    "account_set_password": KNOWN, "mfa_index": KNOWN, "mfa_reauthenticate": KNOWN,
    "mfa_activate_totp": KNOWN, "mfa_deactivate_totp": KNOWN, "mfa_view_recovery_codes": KNOWN,
    "mfa_generate_recovery_codes": KNOWN, "mfa_download_recovery_codes": KNOWN,
    "mfa_list_webauthn": KNOWN, "mfa_add_webauthn": KNOWN, "mfa_reauthenticate_webauthn": KNOWN,
    "mfa_remove_webauthn": KNOWN, "mfa_edit_webauthn": KNOWN,
    "people:me": "home:read", "people:me_save": "home:read", "people:me_elsewhere": "home:read",
    "people:sessions": "home:read", "people:end_session": "home:read",  # one's own
    "people:unsent": "home:read", "people:drop_unsent": "home:read",
    "people:make_key": "key:own", "people:end_key": "user:edit",  # of somebody else
    "people:users": "user:read", "people:user": "user:read", "people:invite": "user:edit",
    "people:invite_again": "user:edit", "people:rename_user": "user:edit",
    "people:assign_role": "user:edit", "people:end_role": "user:edit",
    "people:deactivate": "user:edit", "people:activate": "user:edit",
    "people:end_sessions": "user:edit", "people:end_user_key": "user:edit",
    "people:persons": "person:read", "people:person": "person:read",
    "people:add_person": "person:edit", "people:edit_person": "person:edit",
    "people:leave": "person:edit", "people:return": "person:edit",
    "people:roster_upload": "person:edit", "people:roster": "person:edit",
    "people:roster_apply": "person:edit",
    "audit:events": "audit:read", "audit:event": "audit:read",
    "settings": "settings:read", "outbox": "mail:read",
    "notifications:mine": "notification:own", "notifications:choose": "notification:own",
    "notifications:mail_again": "mail:again", "notifications:webhook": "webhook:read",
    "notifications:set_up": "webhook:edit", "notifications:renew_secret": "webhook:edit",
    "notifications:try_it": "webhook:edit", "notifications:turn_off": "webhook:edit",
    "notifications:deliveries": "webhook:read", "notifications:deliver_again": "webhook:edit",
    "access:settings": "app:read", "access:describe": "app:edit",
    "access:set_domains": "app:edit", "access:set_owners": "app:owners",
    "access:apps": "app:list", "access:unmanaged": "app:list", "access:app": "app:read",
    "access:add_app": "app:create", "access:manage": "app:manage", "access:forget": "app:create",
    "access:upload": "app:create", "access:import": "app:create",
    "access:import_apply": "app:create",
    "access:accounts": "account:read", "access:past_accounts": "account:read",
    "access:entitlements": "entitlement:read", "access:feed": "app:read",
    "access:differences": "app:read", "access:as_of": "app:read",
    "access:account": "account:read", "access:past_access": "account:read",
    "access:attributes": "account:read", "access:history": "account:read",
    "access:entitlement": "entitlement:read", "access:past_holders": "entitlement:read",
    "access:choose_person": "account:edit", "access:set_person": "account:edit",
    "access:matching": "account:read", "access:accept_chosen": "account:edit",
    "access:accept_all": "account:edit",
    "seats:overview": "app:read", "seats:app": "app:read", "seats:set_price": "app:edit",
    "seats:forget_price": "app:edit",
    "policies:administrators": "policy:read", "policies:edit": "policy:edit",
    "policies:save": "policy:edit", "policies:end": "policy:edit",
    "access:clear_person": "account:edit", "access:accept": "account:edit",
    "access:accept_exact": "account:edit", "access:set_type": "account:edit",
    "access:ask_many": "account:edit", "access:set_many": "account:edit",
    "saved:save": "view:own", "saved:choose_columns": "view:own",
    **dict.fromkeys(("saved:view", "saved:change", "saved:delete"), "view:any"),  # somebody else's
    "connectors:list": "connector:list", "connectors:add": "connector:add",
    "connectors:set_up": "connector:add", "connectors:run": "connector:read",
    "connectors:download": "connector:download", "connectors:connector": "connector:read",
    "connectors:live": "connector:read", "connectors:runs": "connector:read",
    "connectors:cancel": "connector:run", "connectors:settings": "connector:read",
    "connectors:set_owners": "connector:owners", "connectors:change": "connector:edit",
    "connectors:delete": "connector:delete", "connectors:credentials": "connector:read",
    "connectors:test": "connector:token", "connectors:tested": "connector:read",
    "connectors:save": "connector:token", "connectors:remove_credential": "connector:token",
    "connectors:audit": "connector:read", "connectors:sync_now": "connector:run",
    "connectors:pause": "connector:run", "connectors:resume": "connector:run",
    "connectors:difference": "connector:read", "connectors:confirm": "connector:decide",
    "connectors:reject": "connector:decide", "search:results": "search:use",
    "connectors:rotate": "connector:token", "connectors:end_client": "connector:token",
    "evidence:files": "account:export", "evidence:make": "account:export",
    "evidence:file": "account:export", "evidence:download": "account:export",
    "evidence:person": "person:read",
    "orders:ask": "order:plan", "orders:plan": "order:plan", "orders:of_app": "order:read",
    "orders:decisions": "order:read", "orders:decision": "order:read",
    "orders:apply": "order:apply", "orders:cancel": "order:apply", "orders:undo": "order:plan",
    "orders:rows": "order:plan", "orders:order": "order:read", "orders:retry": "order:apply",
    "orders:undo_one": "order:plan", "orders:drifts": "order:read", "orders:drift": "order:read",
    "orders:restore": "order:decide", "orders:accept": "order:decide",
    "orders:steps": "order:read", "orders:step": "order:read", "orders:finish": "order:decide",
    "orders:cannot": "order:decide", "orders:proof": "order:read", "orders:give": "order:decide",
    "orders:orders": "order:read",
}  # fmt: skip

OPERATIONS = {
    "me": KNOWN,
    "list_users": "user:read", "get_user": "user:read", "invite": "user:edit",
    "rename": "user:edit", "assign_role": "user:edit", "end_role": "user:edit",
    "deactivate": "user:edit", "activate": "user:edit", "end_sessions": "user:edit",
    "list_sessions": "user:read", "end_session": "user:edit",
    "list_keys": "user:read", "end_key": "user:edit",
    "list_people": "person:read", "get_person": "person:read", "add_person": "person:edit",
    "edit_person": "person:edit", "leave": "person:edit", "return": "person:edit",
    "list_events": "audit:read", "get_event": "audit:read",
    "list_apps": "app:list", "get_app": "app:read", "list_syncs": "app:read",
    "change_app": "app:edit", "set_app_owners": "app:owners",
    "add_app": "app:create", "manage_apps": "app:manage", "forget_app": "app:create",
    "list_descriptions": "account:read", "list_presences": "account:read",
    "list_reasons": "account:read", "search": "search:use",
    "get_installation": "settings:read", "list_mail": "mail:read", "mail_again": "mail:again",
    "get_notifications": "notification:own", "set_notifications": "notification:own",
    "list_notices": "notification:own", "get_webhook": "webhook:read",
    "set_webhook": "webhook:edit", "renew_webhook_secret": "webhook:edit",
    "try_webhook": "webhook:edit", "turn_webhook_off": "webhook:edit",
    "list_deliveries": "webhook:read", "deliver_again": "webhook:edit",
    "list_needs": "home:read", "list_waiting": "account:read", "accept_chosen": "account:edit",
    "accept_everywhere": "account:edit", "list_seats": "app:read", "get_seats": "app:read",
    "set_price": "app:edit", "forget_price": "app:edit", "get_trend": "app:read",
    "list_administrators": "policy:read", "list_standings": "policy:read",
    "list_policies": "policy:read", "set_policy": "policy:edit", "end_policy": "policy:edit",
    "list_accounts": "account:read", "accept_exact": "account:edit",
    "get_account": "account:read", "list_access": "account:read", "list_changes": "account:read",
    "list_links": "account:read", "set_person": "account:edit", "clear_person": "account:edit",
    "accept": "account:edit", "set_type": "account:edit",
    "list_entitlements": "entitlement:read", "get_entitlement": "entitlement:read",
    "list_holders": "entitlement:read", "holders_as_of": "entitlement:read",
    "basis": "account:read", "accounts_as_of": "account:read", "changes": "account:read",
    "count_differences": "account:read", "differing_accounts": "account:read",
    "differing_grants": "account:read",
    "list_views": "view:own", "save_view": "view:own",
    **dict.fromkeys(("get_view", "change_view", "delete_view"), "view:any"),  # somebody else's
    "list_connectors": "connector:list", "get_connector": "connector:read",
    "add_connector": "connector:add", "change_connector": "connector:edit",
    "set_owners": "connector:owners", "give_credentials": "connector:token",
    "test_credentials": "connector:token", "save_credentials": "connector:token",
    "remove_credential": "connector:token", "sync_now": "connector:run",
    "pause": "connector:run", "resume": "connector:run", "confirm": "connector:decide",
    "reject": "connector:decide", "delete_connector": "connector:delete",
    "list_tasks": "connector:read", "get_task": "connector:read", "get_log": "connector:read",
    "cancel": "connector:run", "download": "connector:download",
    "list_clients": "connector:read", "rotate_client": "connector:token",
    "end_client": "connector:token", "list_hosts": "connector:read",
    "export_app": "account:export", "export_person": "person:read", "get_holdings": "person:read",
    "list_evidence": "account:export", "get_evidence": "account:export",
    "download_evidence": "account:export",
    "list_decisions": "order:read", "get_decision": "order:read", "plan_decision": "order:plan",
    "list_orders": "order:read", "apply_decision": "order:apply",
    "cancel_decision": "order:apply", "undo_decision": "order:plan", "get_order": "order:read",
    "hold_order": "order:plan", "exclude_order": "order:plan", "include_order": "order:plan",
    "retry_order": "order:apply", "undo_order": "order:plan", "list_drift": "order:read",
    "get_drift": "order:read", "restore_drift": "order:decide", "accept_drift": "order:decide",
    "list_steps": "order:read", "get_step": "order:read", "done_step": "order:decide",
    "cannot_step": "order:decide", "give_step": "order:decide", "find_orders": "order:read",
}  # fmt: skip

MOMENT = "2026-11-20T00:00:00Z"
BODIES: dict[str, Any] = {
    "invite": {"email": "new@example.com", "name": "New"},
    "rename": {"name": "Other"},
    "assign_role": {"role": Role.AUDITOR},
    "save_view": {"name": "New", "path": "/views/"},
    "change_view": {"name": "Other"},
    "add_person": {"name": "New"},
    "edit_person": {"name": "New"},
    "accept_chosen": {"accounts": []},
    "set_price": {"price": "10.00", "currency": "EUR", "purchased": 25},
    "set_policy": {"role": "owner", "at_least": 2, "at_most": 4},
    "set_person": {"person": "{person}"},
    "set_type": {"type": "service"},
    "add_connector": {"name": "New", "app_name": "New", "owners": []},
    "change_connector": {"name": "New"},
    "set_owners": {"owners": []},
    "change_app": {"name": "Other", "domains": ["acme.com"]},
    "set_app_owners": {"owners": []},
    "add_app": {"name": "New"},
    "set_notifications": {"hows": {}, "hour": 8},
    "set_webhook": {"url": "http://localhost/", "kinds": ["drift:open"]},
    "mail_again": {"ids": []},
    "deliver_again": {"ids": []},
    "manage_apps": {"apps": [], "owners": []},
    "give_credentials": {"api_key": "abc"},
    "save_credentials": {"test": "{task}"},
    "delete_connector": {"name": "Notion of Acme"},
    "plan_decision": {
        "title": "New",
        "wishes": [{"operation": "create_group", "values": {"name": "New"}}],
    },
    "accept_drift": {"reason": "It is right so."},
    "done_step": {"proof": "A picture."},
    "cannot_step": {"reason": "Notion says no."},
    "give_step": {"to": None},
}
OVER_ONE = ("app", "account", "entitlement", "connector", "task", "decision", "order", "drift",
            "step", "evidence")  # fmt: skip
"""Parameters that name something which one may own."""


def patterns(found: Any, path: str = "", space: str = "") -> Iterator[tuple[str, str, list[str]]]:
    """Name, path and parameters of every address but the API's."""
    for one in found:
        here = path + str(one.pattern)
        if isinstance(one, URLResolver):
            if one.namespace != "api":
                inner = f"{space}{one.namespace}:" if one.namespace else space
                yield from patterns(one.url_patterns, here, inner)
        elif isinstance(one, URLPattern):
            yield f"{space}{one.name or here}", here, list(one.pattern.converters)


@cache
def addresses() -> dict[str, tuple[str, list[str]]]:
    """Path and parameters by name."""
    return {name: (path, names) for name, path, names in patterns(get_resolver().url_patterns)}


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Method and path of every operation, by its id."""
    paths = api.get_openapi_schema(path_prefix="/api")["paths"]
    return {
        operation["operationId"]: (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def may(who: str, action: str, names: list[str]) -> bool:
    """Whether the table lets somebody do this at an address with these parameters."""
    if action in {ANYONE, KNOWN}:
        return action == ANYONE or who != "nobody"
    roles = ACTIONS[action]
    if who not in {Role.APP_OWNER, Role.CONNECTOR_OWNER} and who in list(Role):
        return who in roles
    own = next(
        (one.removesuffix("_id") for one in names if one.removesuffix("_id") in OVER_ONE), ""
    )
    if not own:  # a list: of what one owns
        role = who.removesuffix(" elsewhere").replace(" ", "_")
        return role in roles
    if who == Role.CONNECTOR_OWNER:
        return who in roles and own in {"connector", "task"}
    return who == Role.APP_OWNER and who in roles


def filled(path: str, world: World) -> str:
    """The path with what there is."""
    for name, value in world.named.items():
        for form in (f"<str:{name}>", f"<int:{name}>", f"{{{name}}}"):
            path = path.replace(form, str(value))
    assert "<" not in path, path
    assert "{" not in path, path
    return path


def test_every_address_has_an_entry():
    """Whoever adds a page or an operation says here what it is for."""
    assert sorted(addresses()) == sorted(PAGES)
    assert sorted(operations()) == sorted(OPERATIONS)


class Visitor:
    """Somebody with a browser; whatever a request does, the next one finds the world as it was."""

    def __init__(self, user: User | None) -> None:
        self.client = log_in(user) if user else Client(SERVER_NAME="localhost")
        self.client.raise_request_exception = False

    def ask(self, method: str, path: str, body: str = "", kind: str = "") -> Any:
        """The answer."""
        before = self.client.cookies.copy()
        with transaction.atomic():
            answer = self.client.generic(method, path, body, kind or "text/plain")
            if answer.streaming:  # what nobody reads, nobody closes
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        self.client.cookies = before
        return answer


@pytest.mark.django_db
@pytest.mark.parametrize("who", EVERYBODY)
def test_pages(who: str):
    """Each page opens for those the table names; others are told why, strangers go to the login."""
    world = the_world()
    visitor = Visitor(world.users[who])
    wrong = []
    for name, action in PAGES.items():
        path, names = addresses()[name]
        for method in ("GET", "POST"):
            answer = visitor.ask(method, "/" + filled(path, world))
            if answer.status_code == 405:
                continue
            unsuitable = action != ANYONE and opened(answer) != may(who, action, names)
            if answer.status_code >= 500 or unsuitable:
                wrong.append((method, name, answer.status_code, answer.headers.get("Location")))

    assert wrong == []


def opened(answer: Any) -> bool:
    """Whether a page did not send one away; to be asked for the password again is no refusal."""
    if answer.status_code in {301, 302}:
        return not answer.headers["Location"].startswith("/login/?next=")
    return answer.status_code not in {401, 403}


@pytest.mark.django_db
@pytest.mark.parametrize("who", EVERYBODY)
def test_the_api(who: str):
    """Each operation answers those the table names; others get 403, strangers 401."""
    world = the_world()
    visitor = Visitor(world.users[who])
    wrong = []
    for name, action in OPERATIONS.items():
        method, path = operations()[name]
        names = [one.partition("}")[0] for one in path.split("{")[1:]]
        query = f"?at={MOMENT}&older={sync_id()}&newer={sync_id()}" if method == "get" else ""
        body = filled_body(BODIES.get(name, {}), world)
        answer = visitor.ask(method.upper(), filled(path, world) + query, body, "application/json")
        refused = answer.status_code == (401 if who == "nobody" else 403)
        if answer.status_code in {404, 405, 500} or refused == may(who, action, names):
            wrong.append((name, answer.status_code, answer.content[:200]))

    assert wrong == []


def filled_body(body: Any, world: World) -> str:
    """The body with what there is."""
    text = json.dumps(body)
    for name in ("person", "task"):
        text = text.replace(f'"{{{name}}}"', json.dumps(world.named[name]))
    return text


def sync_id() -> str:
    """The one sync there is."""
    return Sync.objects.get().public_id
