"""Which pages `pages.py` asks for: kinds of pages, and addresses of each kind."""

import random
import re

import intake

__all__ = ["KINDS", "addresses"]

ADDRESSES = 40
"""Of each kind of page."""
KINDS = {
    "login (reference)": ("/login/",),
    "home": ("/",),
    "apps": ("/apps/",),
    "app": ("{app}",),
    "accounts: first page": ("{app}/accounts",),
    "accounts: a deep page": ("{app}/accounts?page=<4000>",),
    "accounts: searched": ("{app}/accounts?q=person+<100000>",),
    "accounts: searched, all fit": ("{app}/accounts?q=person",),
    "accounts: one role": ("{app}/accounts?role={role}", "{app}/accounts?role={role}&page=<1000>"),
    "accounts: role and status": ("{app}/accounts?role={role}&status=enabled&page=<1000>",),
    "accounts: rare filter": ("{app}/accounts?external=yes", "{app}/accounts?status=disabled"),
    "accounts: a group": ("{app}/accounts?group=Group+<10000>",),
    "accounts: a domain": ("{app}/accounts?domain=acme.example", "{app}/accounts?domain=b.example"),
    "accounts: by change": ("{app}/accounts?sort=-changed", "{app}/accounts?sort=changed&page=700"),
    "accounts: by status": ("{app}/accounts?sort=status", "{app}/accounts?sort=-status&page=700"),
    "accounts: by role": ("{app}/accounts?sort=role", "{app}/accounts?sort=-role&page=700"),
    "accounts: by groups": ("{app}/accounts?sort=-groups", "{app}/accounts?sort=groups&page=700"),
    "account": ("{account}",),
    "account: history": ("{account}/history",),
    "entitlements": ("{app}/entitlements", "{app}/entitlements?page=<400>"),
    "entitlements: by holders": ("{app}/entitlements?sort=-holders",),
    "entitlements: searched": ("{app}/entitlements?q=group+<10000>",),
    "entitlement: a group": ("/entitlements/{group}",),
    "entitlement: a role": ("/entitlements/{role}",),
    "entitlement: a role, deep": ("/entitlements/{role}?page=<1000>",),
    "entitlement: a role, searched": ("/entitlements/{role}?q=person+<100000>",),
    "entitlement: everybody": ("/entitlements/{everybody}",),
    "entitlement: everybody, deep": ("/entitlements/{everybody}?page=<4000>",),
    "entitlement: before": ("/entitlements/{role}/before", "/entitlements/{group}/before"),
    "search: one fits": ("/search/?q=person<100000>",),
    "search: some fit": ("/search/?q=person+<1000>",),
    "search: all fit": ("/search/?q=person",),
    "as of a moment": ("{app}/as-of?at={moment}",),
    "as of a moment, deep": ("{app}/as-of?at={moment}&page=<4000>",),
    "as of a moment, searched": ("{app}/as-of?at={moment}&q=person+<100000>",),
    "differences: joined": ("{app}/differences",),
    "differences: hold more": ("{app}/differences?kind=gained",),
    "differences: described": ("{app}/differences?kind=edited",),
    "feed": ("{app}/changes", "{app}/changes?page=<100>"),
    "feed: searched": ("{app}/changes?q=person+<1000>",),
}
"""Kind of page → its addresses; `<n>` is any number up to n."""


def addresses() -> dict[str, list[str]]:
    """Addresses of each kind of page, at random, always the same."""
    from rolecall.server.access.models import Account, App, Entitlement  # noqa: PLC0415

    dice, app = random.Random(1), App.objects.get(name="Bench")
    held = Entitlement.objects.filter(app=app).order_by("-holders", "pk")
    known = {kind: held.filter(kind=kind)[0].public_id for kind in ("role", "group", "account")}
    known["everybody"], known["app"] = known["account"], f"/apps/{app.public_id}"
    known["moment"] = f"{intake.BEGAN + 2 * intake.HOUR:%Y-%m-%dT%H:%M:%SZ}"
    accounts = Account.objects.filter(app=app).order_by("external_id")
    some = list(accounts.values_list("public_id", flat=True)[:: max(1, accounts.count() // 500)])

    def one(form: str) -> str:
        filled = form.format(**known | {"account": f"/accounts/{dice.choice(some)}"})
        return re.sub("<([0-9]+)>", lambda n: str(dice.randrange(1, int(n[1]))), filled)

    return {
        kind: [one(forms[n % len(forms)]) for n in range(ADDRESSES)]
        for kind, forms in KINDS.items()
    }
