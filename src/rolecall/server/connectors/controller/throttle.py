"""How often somebody may ask for an access token: from one address, and for one client there. Pure.

Whoever repeats a client ID from elsewhere uses up nothing of its owner's. Counted by each
controller for itself; 200 connectors behind one address that all start at once are far from it.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

__all__ = ["ADDRESS", "CLIENT", "Limit", "Throttle"]

_MOST_KNOWN: Final = 20_000
"""Addresses and clients that are kept in mind."""
_NETWORK: Final = 64
"""Bits of an IPv6 address; whoever has one of them has them all."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many at once, and from then on one each so many seconds."""

    at_once: int
    each_s: float


ADDRESS: Final = Limit(at_once=1000, each_s=0.05)
CLIENT: Final = Limit(at_once=60, each_s=1.0)


class Throttle:
    """What has been asked for lately: per key the moment from which all of it is forgotten.

    Args:
        address: the limit for everybody at one address.
        client: the limit for one client ID at one address.
    """

    def __init__(self, address: Limit = ADDRESS, client: Limit = CLIENT) -> None:
        self._address, self._client = address, client
        self._free_at: dict[tuple[str, str], float] = {}

    def wait_s(self, address: str, client_id: str, now: float) -> float:
        """Count a question, and say how long it must wait; 0 is: not at all.

        Args:
            address: an IP address, or whatever names where it comes from.
            client_id: who they say they are; nobody has looked whether it is so.
            now: seconds.
        """
        network = _network(address)
        limits = {(network, ""): self._address, (network, client_id): self._client}
        free_at = {
            key: min(max(self._free_at.get(key, now), now), now + one.at_once * one.each_s)
            for key, one in limits.items()
        }
        wait = max(
            free_at[key] + one.each_s - now - one.at_once * one.each_s
            for key, one in limits.items()
        )
        taken = wait <= 0
        self._make_room(now)
        self._free_at |= {key: free_at[key] + taken * one.each_s for key, one in limits.items()}
        return max(0.0, wait)

    def _make_room(self, now: float) -> None:
        """Forget what counts no more; if that is not enough, all of it."""
        if len(self._free_at) >= _MOST_KNOWN:
            kept = {key: at for key, at in self._free_at.items() if at > now}
            self._free_at = kept if len(kept) < _MOST_KNOWN else {}


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004 - IPv4
        return str(found)
    return str(ipaddress.ip_network((found, _NETWORK), strict=False))
