"""Where a hosted connector may go: to Notion, and to hosts that the settings file allows.

Asked when an address is saved, and again right before it is used. The client follows no redirects,
so nothing else is ever reached with a token.
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from rolecall.errors import Invalid, NotAllowed

__all__ = ["NOTION_HOSTS", "insist"]

NOTION_HOSTS: Final = frozenset({"api.notion.com", "www.notion.so"})
"""Notion: N-001."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def insist(url: str, allowed_hosts: Collection[str]) -> None:
    """Refuse an address that no hosted connector may go to.

    Args:
        url: of one of Notion's interfaces.
        allowed_hosts: `host` or `host:port`, from the settings file.

    Raises:
        Invalid: it is no plain http(s) address.
        NotAllowed: its host is not Notion's, and the settings file does not allow it; or it is
            plain http to another machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid(f"{url!r} is not an address.", hint="Write https://host/path.") from error
    plain = parts.scheme in {"http", "https"} and not (parts.query or parts.fragment)
    if not plain or not host or parts.username is not None or parts.password is not None:
        raise Invalid(f"{url!r} is not a plain address.", hint="Write https://host/path.")
    if host in NOTION_HOSTS and parts.scheme == "https" and port in {None, 443}:
        return
    named = host if port is None else f"{host}:{port}"
    if named not in allowed_hosts and host not in allowed_hosts:
        raise NotAllowed(
            f"Connectors may not go to {named}.",
            hint="Whoever runs Rolecall can allow it: [notion] allowed_hosts in rolecall.toml.",
        )
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise NotAllowed(
            f"A token would go to {named} readable for everybody on the way.",
            hint="Use https; plain http is for this machine only.",
        )
