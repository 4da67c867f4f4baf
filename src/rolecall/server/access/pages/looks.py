"""How states of accounts and apps look, and the cells that several tables share."""

from types import MappingProxyType

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rolecall.server.access.models import Account, App, Change, Entitlement, Grant, Presence
from rolecall.server.tables.look import NOTHING, Look, address_of, link, mark, status
from rolecall.server.tables.table import Choice

__all__ = [
    "EXTERNAL",
    "STATUSES",
    "account_cell",
    "account_peek",
    "app_crumbs",
    "app_tabs",
    "entitlement_name",
    "link_look",
    "origin_cell",
    "origin_text",
    "person_cell",
    "status_look",
    "type_mark",
]

_LINKS = MappingProxyType({
    Account.Link.LINKED: Look(word="Linked", tone="good", icon="link"),
    Account.Link.UNLINKED: Look(word="Unlinked", tone="warn", icon="question"),
    Account.Link.UNMATCHED: Look(word="Unmatched", tone="idle", icon="nothing"),
    Account.Link.DISPUTED: Look(word="Disputed", tone="warn", icon="alert"),
    Account.Link.GONE: Look(word="Gone", tone="bad", icon="leave"),
})  # fmt: skip
_STATUSES = MappingProxyType({
    "enabled": Look(word="Enabled", tone="good", icon="done"),
    "disabled": Look(word="Disabled", tone="idle", icon="pause"),
    "deleted": Look(word="Deleted", tone="bad", icon="failed"),
})  # fmt: skip
STATUSES = tuple(Choice(value=value, label=look.word) for value, look in _STATUSES.items())
"""What a filter by status chooses from."""
EXTERNAL = (Choice(value="yes", label="External"), Choice(value="no", label="Of the company"))
"""The same by address."""
_UNKNOWN = Look(word="Not said", tone="idle", icon="question")
_LEFT = Look(word="Not there any more", tone="idle", icon="leave")


def link_look(account: Account) -> Look:
    """How the account stands with its person."""
    return _LINKS[Account.Link(account.link)]


def status_look(account: Account) -> Look:
    """What the app says of the account, or that it is gone."""
    return _STATUSES.get(account.status, _UNKNOWN) if account.present else _LEFT


def type_mark(account: Account) -> SafeString:
    """Human or service."""
    service = account.type == Account.Type.SERVICE
    return mark(account.get_type_display(), "machine" if service else "person")


def account_peek(account: Account | None) -> tuple[str, str]:
    """Where a drawer finds it in short, and what it is called; nowhere, if there is none."""
    if account is None:
        return "", ""
    return address_of("access:account", account.public_id), str(account)


def account_cell(account: Account) -> SafeString:
    """Name and address, with a link, and a mark where the address is not the company's."""
    address = address_of("access:account", account.public_id)
    name = link(account, address, account.email if account.name else "")
    return format_html("{} {}", name, mark("External", "globe")) if account.external else name


def person_cell(account: Account) -> SafeString | str:
    """The person behind an account, or how the search for one stands."""
    if account.person is None:
        return status(link_look(account))
    address = address_of("people:person", account.person.public_id)
    gone = account.link == Account.Link.GONE
    return format_html("{} {}", link(account.person, address), status(link_look(account)) if gone
                       else "")  # fmt: skip


def entitlement_name(entitlement: Entitlement | None) -> SafeString | str:
    """A role or group by name, with a link."""
    if entitlement is None:
        return NOTHING
    return link(entitlement.name, address_of("access:entitlement", entitlement.public_id))


def origin_cell(row: Grant | Presence | Change) -> SafeString | str:
    """Where it comes from: by us, before us, outside."""
    look: Look | None = getattr(row, "origin", None)
    return status(look) if look else NOTHING


def origin_text(row: Grant | Presence | Change) -> str | None:
    """The same as text."""
    look: Look | None = getattr(row, "origin", None)
    return look.word if look else None


def app_crumbs(app: App, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way to a page of an app."""
    return [
        ("Apps", reverse("access:apps")),
        (app.name, reverse("access:app", args=(app.public_id,))),
        *((label, reverse(name, args=(app.public_id,))) for label, name in more),
    ]


def app_tabs(app: App) -> list[tuple[str, str]]:
    """The pages of an app."""
    pages = (
        ("Overview", "access:app"),
        ("Accounts", "access:accounts"),
        ("Entitlements", "access:entitlements"),
        ("Seats", "seats:app"),
        ("Changes", "access:feed"),
        ("Decisions", "orders:of_app"),
        ("Access as of", "access:as_of"),
        ("Settings", "access:settings"),
    )
    return [(label, reverse(name, args=(app.public_id,))) for label, name in pages]
