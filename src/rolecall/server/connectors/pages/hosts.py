"""The machines on which a self-hosted connector runs: how they are, and what they can."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rolecall.server.connectors.hello import told
from rolecall.server.connectors.models import Connector, Host
from rolecall.server.tables.look import Look

__all__ = ["HostShown", "hosts_of"]

_SILENT: Final = timedelta(minutes=10)
_FORGOTTEN: Final = timedelta(days=7)
"""A machine that was not heard of for so long is not shown: pods come and go."""
_MOST: Final = 20


@dataclass(frozen=True, kw_only=True)
class HostShown:
    """One of them."""

    host: Host
    look: Look
    can: tuple[str, ...]
    """`group: sync, provision`, one line for each type of resource."""


def hosts_of(connector: Connector, now: datetime) -> list[HostShown]:
    """Those that were heard of lately, the newest first."""
    lately = connector.hosts.filter(seen_at__gt=now - _FORGOTTEN)[:_MOST]
    return [
        HostShown(host=one, look=_look(one, now), can=tuple(told(one.capabilities)))
        for one in lately
    ]


def _look(host: Host, now: datetime) -> Look:
    if host.seen_at < now - _SILENT:
        return Look(word="Not seen", tone="bad", icon="alert")
    return Look(word="Running", tone="good", icon="done")
