"""Which rows a form is about: those with a tick, or all that its table had found."""

from django.http import QueryDict

from rolecall.errors import Gone
from rolecall.server.access.models import Account, App, Entitlement, Grant
from rolecall.server.access.pages.accounts import accounts_table
from rolecall.server.access.pages.entitlements import entitlements_table, holders_table
from rolecall.server.orders.deciding import MOST_ROWS
from rolecall.server.orders.pages.verbs import Asked, Verb
from rolecall.server.tables.choosing import chosen

__all__ = ["asked_for", "target_choices"]


def asked_for(app: App, verb: Verb, said: QueryDict) -> Asked:
    """What a form says.

    Args:
        app: in which.
        verb: what for.
        said: `row` as often as rows have a tick, or `all` with the table's `query`; `of` where the
            rows are holders of that entitlement; `target`, and the verb's fields.

    Raises:
        Invalid: no row has a tick, or too many have.
        Gone: a row or the target is not there (any more).
    """
    accounts: list[Account] = []
    entitlements: list[Entitlement] = []
    if verb.rows == "accounts":
        accounts = _accounts(app, said)
    elif verb.rows:
        rows = Entitlement.objects.filter(app=app, present=True)
        groups = rows.filter(kind=Entitlement.Kind.GROUP)
        entitlements = chosen(groups, entitlements_table(), said, most=MOST_ROWS)
    values = {one.name: said.get(one.name, "").strip() for one in verb.fields}
    return Asked(
        accounts=accounts,
        entitlements=entitlements,
        target=_target(app, verb, said),
        values={name: value for name, value in values.items() if value},
    )


def target_choices(app: App, verb: Verb) -> list[Entitlement]:
    """The groups or roles that a verb can be about."""
    rows = Entitlement.objects.filter(app=app, present=True, kind=verb.target)
    return list(rows.order_by("name", "id")) if verb.target else []


def _accounts(app: App, said: QueryDict) -> list[Account]:
    here = Account.objects.filter(app=app, present=True)
    of = said.get("of", "")
    if "all" not in said or not of:
        return chosen(here, accounts_table(app), said, most=MOST_ROWS)
    held = Grant.objects.filter(
        entitlement__app=app, entitlement__public_id=of, until_at=None
    ).select_related("account")
    table = holders_table(past=False)
    return [one.account for one in chosen(held, table, said, most=MOST_ROWS)]


def _target(app: App, verb: Verb, said: QueryDict) -> Entitlement | None:
    """None until it is chosen."""
    named = said.get("target", "")
    if not verb.target or not named:
        return None
    rows = Entitlement.objects.filter(app=app, present=True, kind=verb.target)
    found = rows.filter(public_id=named).first()
    if found is None:
        raise Gone(f"This {verb.target} is not there any more.", hint="Choose again.")
    return found
