"""What somebody wants changed, before it is planned: a wish is one row of a plan. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rolecall.server.orders.models import Order

__all__ = ["ATTRIBUTES", "Wish", "wish_of"]

_Operation = Order.Operation

ATTRIBUTES: Final = {
    "email": "Email",
    "display_name": "Display name",
    "first_name": "First name",
    "last_name": "Last name",
    "title": "Job title",
    "department": "Department",
    "division": "Division",
    "organization": "Organization",
    "cost_center": "Cost center",
    "employee_number": "Employee number",
    "manager": "Manager's email",
    "locale": "Locale",
    "preferred_language": "Preferred language",
    "user_type": "User type",
}
"""What of an account can be changed, and what people call it; as the connector's action has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One change that somebody wants.

    | operation | account | entitlement | values |
    |---|---|---|---|
    | grant, revoke | whose | the role or group | |
    | create_account | | | email; first_name, last_name, title, role (as `owner`), groups |
    | update_account | whose | | some of `ATTRIBUTES` |
    | remove_account | whose; empty for a guest | | email, of a guest |
    | create_group | | | name; members |
    | rename_group | | the group | name |
    | delete_group | | the group | |

    Groups and members, whom a new account or group gets once it is there, are public ids of
    entitlements and accounts, joined by spaces.
    """

    operation: str
    """Of `Order.Operation`."""
    account: str = ""
    """Public id."""
    entitlement: str = ""
    """Public id of the role, or of the membership of a group."""
    values: Mapping[str, str] = field(default_factory=dict)


def wish_of(order: Order) -> Wish:
    """The wish that a row of a plan stands for, to be planned again."""
    return Wish(
        operation=order.operation,
        account=order.account.public_id if order.account else "",
        entitlement=order.entitlement.public_id if order.entitlement else "",
        values=order.wish,
    )
