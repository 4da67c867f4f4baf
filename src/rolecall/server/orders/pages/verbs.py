"""What one can ask for from a page: each verb, what it has to know, the wishes it comes to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rolecall.server.access.models import Account, Entitlement
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import ATTRIBUTES, Wish

__all__ = ["VERBS", "Asked", "Field", "Verb"]

_Operation = Order.Operation


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something to type."""

    name: str
    label: str
    type: str = "text"
    """Of the input; `role` is a list of the app's roles."""
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody chose and typed."""

    accounts: Sequence[Account] = ()
    entitlements: Sequence[Entitlement] = ()
    target: Entitlement | None = None
    """The group or the role that it is about."""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One thing that can be asked for."""

    title: str
    """With `{what}` for the rows and `{target}` for the group or role."""
    target: str = ""
    """group or role, where one has to be chosen."""
    rows: str = "accounts"
    """accounts, entitlements, or empty where there are none to choose."""
    fields: tuple[Field, ...] = ()
    wishes: Callable[[Asked], list[Wish]]


def _per_account(operation: _Operation) -> Callable[[Asked], list[Wish]]:
    def wishes(asked: Asked) -> list[Wish]:
        target = asked.target.public_id if asked.target else ""
        return [
            Wish(operation=operation, account=one.public_id, entitlement=target)
            for one in asked.accounts
        ]

    return wishes


def _update(asked: Asked) -> list[Wish]:
    return [
        Wish(operation=_Operation.UPDATE_ACCOUNT, account=one.public_id, values=asked.values)
        for one in asked.accounts
    ]


def _per_entitlement(operation: _Operation) -> Callable[[Asked], list[Wish]]:
    return lambda asked: [
        Wish(operation=operation, entitlement=one.public_id, values=asked.values)
        for one in asked.entitlements
    ]


def _alone(operation: _Operation) -> Callable[[Asked], list[Wish]]:
    return lambda asked: [Wish(operation=operation, values=asked.values)]


_EMAIL = Field(name="email", label="E-mail address", type="email", required=True)
_GROUP_NAME = Field(name="name", label="Name of the group", required=True)
_NAMES = (
    Field(name="first_name", label=ATTRIBUTES["first_name"]),
    Field(name="last_name", label=ATTRIBUTES["last_name"]),
    Field(name="title", label=ATTRIBUTES["title"]),
)

VERBS: Mapping[str, Verb] = MappingProxyType({
    "add_to_group": Verb(
        title="Add {what} to {target}", target="group", wishes=_per_account(_Operation.GRANT)
    ),
    "remove_from_group": Verb(
        title="Remove {what} from {target}", target="group",
        wishes=_per_account(_Operation.REVOKE),
    ),
    "change_role": Verb(
        title="Make {what} {target}", target="role", wishes=_per_account(_Operation.GRANT)
    ),
    "end_role": Verb(
        title="End the role {target} of {what}", target="role",
        wishes=_per_account(_Operation.REVOKE),
    ),
    "remove_account": Verb(
        title="Remove {what} from the workspace", wishes=_per_account(_Operation.REMOVE_ACCOUNT)
    ),
    "update_account": Verb(
        title="Change how {what} is described", wishes=_update,
        fields=tuple(Field(name=name, label=label) for name, label in ATTRIBUTES.items()),
    ),
    "create_account": Verb(
        title="Create an account for {email}", rows="", wishes=_alone(_Operation.CREATE_ACCOUNT),
        fields=(_EMAIL, *_NAMES, Field(name="role", label="Role", type="role")),
    ),
    "remove_guest": Verb(
        title="Remove the guest {email}", rows="", fields=(_EMAIL,),
        wishes=_alone(_Operation.REMOVE_ACCOUNT),
    ),
    "create_group": Verb(
        title="Create the group {name}", rows="", fields=(_GROUP_NAME,),
        wishes=_alone(_Operation.CREATE_GROUP),
    ),
    "rename_group": Verb(
        title="Rename {what} to {name}", rows="entitlements", fields=(_GROUP_NAME,),
        wishes=_per_entitlement(_Operation.RENAME_GROUP),
    ),
    "delete_group": Verb(
        title="Delete {what}", rows="entitlements",
        wishes=_per_entitlement(_Operation.DELETE_GROUP),
    ),
})  # fmt: skip
"""By the name that a button sends."""
