"""Every operation that changes Notion: what it must look at, what it comes to, when it holds.

Pure apart from `look`, which only reads. An operation can be worked out again at any time against
what Notion shows, so repeating one is harmless, and the way on after a lost answer is always the
same: look again, and see whether anything is left to do.
"""

from typing import TypeAlias

from rolecall.connector.provision.operations.accounts import (
    CreateAccount,
    RemoveAccount,
    UpdateAccount,
)
from rolecall.connector.provision.operations.base import Look, Operation
from rolecall.connector.provision.operations.groups import (
    AddToGroup,
    CreateGroup,
    DeleteGroup,
    RemoveFromGroup,
    RenameGroup,
)
from rolecall.connector.provision.operations.roles import FLOOR, OWNER, GrantRole, RevokeRole

__all__ = [
    "FLOOR",
    "OWNER",
    "AddToGroup",
    "AnyOperation",
    "CreateAccount",
    "CreateGroup",
    "DeleteGroup",
    "GrantRole",
    "Look",
    "Operation",
    "RemoveAccount",
    "RemoveFromGroup",
    "RenameGroup",
    "RevokeRole",
    "UpdateAccount",
]

AnyOperation: TypeAlias = (
    GrantRole
    | RevokeRole
    | AddToGroup
    | RemoveFromGroup
    | CreateAccount
    | UpdateAccount
    | RemoveAccount
    | CreateGroup
    | RenameGroup
    | DeleteGroup
)
"""All of them, for reading the journal."""
