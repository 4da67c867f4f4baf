"""Planning accounts: they are made, changed, and removed."""

import re
from typing import Any, Final

from rolecall.errors import Conflict, Invalid
from rolecall.server.access.models import Account
from rolecall.server.orders.facts import Facts
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning.finding import account_of
from rolecall.server.orders.planning.holding import role_called, role_id
from rolecall.server.orders.wishes import ATTRIBUTES, Wish

__all__ = ["create_account", "remove_account", "shown", "update_account"]

_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST: Final = 300
_KNOWN: Final = {"email", "first_name", "last_name", "title", "role", "groups"}
_SENT: Final = ("All sessions end at once; the Notion account itself remains.",
                "Private pages can be given to somebody within 30 days.")  # fmt: skip


def create_account(order: Order, wish: Wish, facts: Facts) -> None:
    """Somebody becomes a member.

    Raises:
        Invalid: no usable address, an unknown role, or something that no new account has.
        Conflict: somebody there has this address.
    """
    wanted = _cleaned(wish, _KNOWN)
    email = _address(wanted.get("email", ""))
    if (there := facts.addresses.get(email.casefold())) is not None:
        raise Conflict(f"{there} has this address already.", hint="Nothing is to be done.")
    role = wanted.setdefault("role", "member")
    if role not in facts.roles:
        raise Invalid(f"There is no role {role!r}.", hint=f"There are {', '.join(facts.roles)}.")
    order.wish = wanted
    order.effect = f"account {email.casefold()}"
    order.undo = Order.Undo.EQUIVALENTLY
    order.meaning = [f"{email} joins as {role_called(role)}, and gets an invitation.",
                     "A seat is taken."]  # fmt: skip
    if groups := wanted.get("groups", "").split():
        order.meaning.append(f"Then they are added to {len(groups)} groups.")


def update_account(order: Order, wish: Wish, facts: Facts) -> None:
    """Names, address and profile.

    Raises:
        Gone: there is no such account.
        Invalid: nothing is wanted, or something that nobody has.
        Conflict: it is so already, or somebody else has the address.
    """
    account = order.account = account_of(wish, facts)
    wanted = _cleaned(wish, set(ATTRIBUTES))
    if not wanted:
        raise Invalid("Nothing is to be changed.", hint="Give at least one new value.")
    if email := wanted.get("email"):
        other = facts.addresses.get(_address(email).casefold())
        if other is not None and other.pk != account.pk:
            raise Conflict(f"{other} has this address.", hint="Choose another one.")
    known = {name: shown(account, name) for name in wanted}
    if known == wanted:
        raise Conflict(f"{account} has all of this already.", hint="Nothing is to be done.")
    order.wish, order.before = wanted, known
    order.effect = f"profile {account.public_id}"
    order.undo = Order.Undo.EXACTLY if all(known.values()) else Order.Undo.NO
    order.meaning = [
        f"{ATTRIBUTES[name]}: from {known[name] or 'unknown'} to {value}."
        for name, value in wanted.items()
    ]


def remove_account(order: Order, wish: Wish, facts: Facts) -> None:
    """Somebody leaves the workspace; a guest, whom no interface shows, by hand.

    Raises:
        Gone: there is no such account.
        Invalid: neither an account nor a guest's address is given.
    """
    if not wish.account:
        _remove_guest(order, wish, facts)
        return
    account = order.account = account_of(wish, facts)
    groups = facts.groups.get(account.pk, [])
    order.before = {
        "role": role_id(account.role) if account.role else "",
        "groups": [{"id": one.public_id, "name": one.name} for one in groups],
        "name": account.name,
        "email": account.email,
        **{name: shown(account, name) for name in ("first_name", "last_name", "title")},
    }
    order.effect = f"account {account.public_id}"
    order.undo = Order.Undo.EQUIVALENTLY
    order.meaning = [_leaving(groups), *_SENT]
    if account.seat is not False:  # Notion: N-163
        order.meaning.append("A seat is freed, and can be used again.")


def shown(account: Account, name: str) -> str:
    """What was last seen of an attribute; "" if the source does not tell."""
    known: dict[str, Any] = {
        **account.attributes, "display_name": account.name, "email": account.email,
    }  # fmt: skip
    return str(known.get(name) or "")


def _remove_guest(order: Order, wish: Wish, facts: Facts) -> None:
    email = _address(wish.values.get("email", "").strip())
    if (there := facts.addresses.get(email.casefold())) is not None:
        raise Invalid(f"{there} is a member, and no guest.", hint="Choose the account.")
    order.wish = {"email": email}
    order.effect = f"account {email.casefold()}"
    order.undo = Order.Undo.NO
    order.by_hand = True
    order.why = "No interface of Notion shows or removes guests (Notion: N-146)."


def _leaving(groups: list[Any]) -> str:
    if not groups:
        return "They are in no group."
    names = ", ".join(one.name for one in groups[:5])
    more = f" and {len(groups) - 5} more" if len(groups) > 5 else ""  # noqa: PLR2004 - as shown
    return f"They leave {len(groups)} {'group' if len(groups) == 1 else 'groups'}: {names}{more}."


def _cleaned(wish: Wish, known: set[str]) -> dict[str, str]:
    found = {name: value.strip() for name, value in wish.values.items() if value.strip()}
    if unknown := sorted(set(found) - known):
        raise Invalid(f"{unknown[0]!r} is nothing that can be given.",
                      hint=f"There are {', '.join(sorted(known))}.")  # fmt: skip
    if too_long := [
        name for name, value in found.items() if name != "groups" and len(value) > _LONGEST
    ]:
        raise Invalid(f"The {too_long[0]} is longer than {_LONGEST} characters.")
    return found


def _address(text: str) -> str:
    if len(text) > _LONGEST or not _ADDRESS.fullmatch(text):
        raise Invalid(f"{text[:60]!r} is no e-mail address.", hint="Write it like ana@acme.com.")
    return text
