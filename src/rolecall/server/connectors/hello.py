"""What a self-hosted connector said of itself: in a line each, and as the answer to a test.

Its token stays on its machine, so a test can only ask whether somebody is there, what they say they
can do, and what their last sync has read; that is all this claims.
"""

from collections.abc import Iterator
from typing import Any

from rolecall.server.access.models import Account
from rolecall.server.connectors.models import Connector, Host

__all__ = ["checklist", "told"]


def told(hello: dict[str, Any]) -> Iterator[str]:
    """What it can do, `group: sync, provision`: one line for each type of resource.

    Args:
        hello: as it is kept of a machine; it may hold anything.
    """
    said = hello.get("capabilities")
    if not isinstance(said, dict):
        return
    whole = _words(said.get("connector_capabilities"))
    if whole:
        yield f"the connector: {whole}"
    for one in said.get("resource_type_capabilities") or ():
        kind = one.get("resource_type") if isinstance(one, dict) else None
        if isinstance(kind, dict):
            yield f"{kind.get('id') or 'something'}: {_words(one.get('capabilities'))}"


def checklist(connector: Connector, host: Host) -> list[dict[str, Any]]:
    """The answer to a test, as the lines of a hosted connector's: what, ok, found, missing."""
    can = list(told(host.capabilities))
    return [
        _line("It answers", found=f"{host.name}, {host.version or 'without a version'}."),
        _line("It says what it can do", found="; ".join(can), missing="" if can else "It did not."),
        _last_sync(connector),
    ]


def _last_sync(connector: Connector) -> dict[str, Any]:
    """What it could read of Notion is known from there alone."""
    last = connector.app.last_sync
    if last is None:
        missing = connector.trouble or "There was none yet: whether its token works is not known."
        return _line("Its last sync", found="", missing=missing)
    accounts = Account.objects.filter(app=connector.app_id, present=True).count()
    found = f"{last.started_at:%Y-%m-%d %H:%M} UTC, {last.completeness}; {accounts} accounts."
    return _line("Its last sync", found=found, missing=connector.trouble)


def _line(what: str, *, found: str, missing: str = "") -> dict[str, Any]:
    return {"what": what, "ok": not missing, "found": found, "missing": missing}


def _words(names: object) -> str:
    """`CAPABILITY_ACCOUNT_PROVISIONING` reads: account provisioning."""
    known = [str(one) for one in names] if isinstance(names, list) else []
    return ", ".join(one.removeprefix("CAPABILITY_").replace("_", " ").lower() for one in known)
