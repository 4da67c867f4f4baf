"""Baton's door to changes: functions that take and return the protobuf messages.

Whoever carries messages (service mode, the server, the drop-in flags) calls these and nothing
below. Every function works at a `Desk`, so it is planned, guarded, recorded and verified like any
other change. What the messages ask for is checked here and never guessed; errors are those of
`rolecall.errors`, whose codes are gRPC's.
"""

from rolecall.connector.provision.baton.accounts import account_creation_schema, create_account
from rolecall.connector.provision.baton.actions import Actions
from rolecall.connector.provision.baton.asked import insist_on_provisioning
from rolecall.connector.provision.baton.grants import grant, revoke
from rolecall.connector.provision.baton.resources import (
    create_resource,
    delete_resource,
    delete_resource_v2,
)
from rolecall.connector.provision.baton.schemas import get_action_schema, list_action_schemas

__all__ = [
    "Actions",
    "account_creation_schema",
    "create_account",
    "create_resource",
    "delete_resource",
    "delete_resource_v2",
    "get_action_schema",
    "grant",
    "insist_on_provisioning",
    "list_action_schemas",
    "revoke",
]
