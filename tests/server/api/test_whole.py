"""Everything the pages show and do, the API does: each address has its operation, or a reason.

Tables on pages can be downloaded as CSV and XLSX; the API gives the same rows as pieces of JSON.
"""

from test_walk import OPERATIONS, PAGES

LOGIN = "a program has a key, and does not log in; factors and passwords belong to a person"
LOOKS = "about how pages look"
PROCESS = "for whoever watches the process; the address is open to programs as it is"
FORM = "a form; what it sends is another address"
SHOWN_ONCE = "a key is made by a person who is logged in: no key makes keys"
PROOF = "a picture for people; a program says in words what was done"
FILE = "a file for people; a program adds and changes persons and apps one by one"
UNSENT = "what somebody typed before their session ended; a key has no session"
OWN_ZONE = "the zone that pages are shown in; the name is `rename`"

SAME = {
    "home": "list_needs, list_connectors, changes",
    "settings": "get_installation", "outbox": "list_mail",
    "people:me": "me", "people:me_elsewhere": "end_sessions",
    "people:sessions": "list_sessions", "people:end_session": "end_session",
    "people:end_key": "end_key",
    "notifications:mine": "get_notifications, list_notices",
    "notifications:choose": "set_notifications", "notifications:mail_again": "mail_again",
    "notifications:webhook": "get_webhook", "notifications:set_up": "set_webhook",
    "notifications:renew_secret": "renew_webhook_secret", "notifications:try_it": "try_webhook",
    "notifications:turn_off": "turn_webhook_off", "notifications:deliveries": "list_deliveries",
    "notifications:deliver_again": "deliver_again",
    "people:users": "list_users", "people:user": "get_user, list_keys, list_events",
    "people:invite": "invite", "people:rename_user": "rename", "people:assign_role": "assign_role",
    "people:end_role": "end_role", "people:deactivate": "deactivate",
    "people:activate": "activate", "people:end_sessions": "end_sessions",
    "people:end_user_key": "end_key",
    "people:persons": "list_people", "people:person": "get_person", "people:leave": "leave",
    "people:add_person": "add_person", "people:edit_person": "edit_person",
    "people:return": "return",
    "audit:events": "list_events", "audit:event": "get_event",
    "access:apps": "list_apps", "access:unmanaged": "list_apps", "access:app": "get_app",
    "access:add_app": "add_app", "access:manage": "manage_apps", "access:forget": "forget_app",
    "access:settings": "get_app", "access:describe": "change_app",
    "access:set_domains": "change_app", "access:set_owners": "set_app_owners",
    "access:accounts": "list_accounts", "access:past_accounts": "list_accounts",
    "access:entitlements": "list_entitlements", "access:feed": "changes",
    "access:differences": "count_differences, differing_accounts, differing_grants",
    "access:as_of": "basis, accounts_as_of, holders_as_of",
    "access:account": "get_account, list_access, list_reasons, list_links",
    "access:past_access": "list_access, list_presences", "access:attributes": "get_account",
    "access:history": "list_changes, list_descriptions",
    "access:entitlement": "get_entitlement, list_holders", "access:past_holders": "list_holders",
    "access:set_person": "set_person", "access:clear_person": "clear_person",
    "access:accept": "accept", "access:accept_exact": "accept_exact",
    "access:set_type": "set_type", "access:matching": "list_waiting",
    "access:accept_chosen": "accept_chosen", "access:accept_all": "accept_everywhere",
    "seats:overview": "list_seats", "seats:app": "get_seats, get_trend",
    "seats:set_price": "set_price", "seats:forget_price": "forget_price",
    "policies:administrators": "list_administrators, list_standings",
    "policies:edit": "list_policies", "policies:save": "set_policy", "policies:end": "end_policy",
    "access:set_many": "set_type, set_person", "saved:save": "save_view",
    "saved:view": "get_view", "saved:change": "change_view", "saved:delete": "delete_view",
    "connectors:list": "list_connectors", "connectors:set_up": "add_connector",
    "connectors:run": "get_task, get_log", "connectors:download": "download",
    "connectors:connector": "get_connector", "connectors:live": "get_task, get_log",
    "connectors:runs": "list_tasks", "connectors:cancel": "cancel",
    "connectors:settings": "get_connector", "connectors:set_owners": "set_owners",
    "connectors:change": "change_connector", "connectors:delete": "delete_connector",
    "connectors:credentials": "get_connector", "connectors:test": "give_credentials",
    "connectors:tested": "get_task", "connectors:save": "save_credentials",
    "connectors:remove_credential": "remove_credential", "connectors:audit": "list_events",
    "connectors:sync_now": "sync_now", "connectors:pause": "pause", "connectors:resume": "resume",
    "connectors:difference": "get_task", "connectors:confirm": "confirm",
    "connectors:reject": "reject", "search:results": "search",
    "connectors:rotate": "rotate_client", "connectors:end_client": "end_client",
    "evidence:files": "export_app, export_person, list_evidence, list_events",
    "evidence:file": "get_evidence", "evidence:download": "download_evidence",
    "evidence:make": "export_app, export_person", "evidence:person": "get_holdings",
    "orders:plan": "plan_decision", "orders:of_app": "list_decisions",
    "orders:decisions": "list_decisions", "orders:decision": "get_decision, list_orders",
    "orders:apply": "apply_decision", "orders:cancel": "cancel_decision",
    "orders:undo": "undo_decision", "orders:rows": "hold_order, exclude_order, include_order",
    "orders:order": "get_order", "orders:retry": "retry_order", "orders:undo_one": "undo_order",
    "orders:drifts": "list_drift", "orders:drift": "get_drift",
    "orders:restore": "restore_drift", "orders:accept": "accept_drift",
    "orders:steps": "list_steps", "orders:step": "get_step", "orders:finish": "done_step",
    "orders:orders": "find_orders", "orders:cannot": "cannot_step", "orders:give": "give_step",
}  # fmt: skip
LEFT_OUT = {
    "access:ask_many": FORM, "saved:choose_columns": LOOKS,
    "live": PROCESS, "ready": PROCESS, "appearance": LOOKS,
    "people:unsent": UNSENT, "people:drop_unsent": UNSENT,
    "people:me_save": OWN_ZONE, "people:make_key": SHOWN_ONCE,
    "people:invite_again": "the link goes out by mail, once more; `invite` is what a program needs",
    "people:roster_upload": FILE, "people:roster": FILE, "people:roster_apply": FILE,
    "access:upload": FILE, "access:import": FILE, "access:import_apply": FILE,
    "access:choose_person": FORM, "connectors:add": FORM, "orders:ask": FORM,
    "orders:proof": PROOF,
}  # fmt: skip


def test_every_page_has_its_operation_or_a_reason():
    """Whoever adds a page says here by which operation a program does the same, or why by none."""
    login = {
        name
        for name in PAGES
        if name.startswith(("account_", "mfa_", "socialaccount_", "openid_", "login_"))
    }

    assert sorted(SAME | LEFT_OUT | dict.fromkeys(login, LOGIN)) == sorted(PAGES)
    named = {one for names in SAME.values() for one in names.split(", ")}
    assert named <= set(OPERATIONS)
    assert not SAME.keys() & LEFT_OUT.keys()
