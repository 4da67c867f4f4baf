"""Whether somebody may open the page that a view is of: asked before it is saved or told."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.urls import Resolver404, ResolverMatch, resolve

from rolecall.errors import Gone, NotAllowed
from rolecall.server.access.finding import app_for, entitlement_for
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.finding import connector_for
from rolecall.server.people.permissions import may

__all__ = ["can_be_saved", "may_open", "page_of"]

_FINDERS: Mapping[str, Callable[[Actor, str, str], object]] = MappingProxyType({
    "app_id": app_for,
    "entitlement_id": entitlement_for,
    "connector_id": connector_for,
})  # fmt: skip
"""What the address of a table's page names: who may do something to it."""


def can_be_saved(match: ResolverMatch) -> bool:
    """Whether views of this page can be saved: it is known who may open it."""
    return match.kwargs.keys() <= _FINDERS.keys()


def may_open(actor: Actor, path: str) -> bool:
    """Whether this is the page of a table, and the actor may open it.

    Args:
        actor: who would.
        path: of the page, without its query.
    """
    match = page_of(path)
    if match is None:
        return False
    action = match.func.action  # type: ignore[attr-defined]
    if not match.kwargs:
        return bool(may(actor, action))
    try:
        return all(_FINDERS[name](actor, value, action) for name, value in match.kwargs.items())
    except (NotAllowed, Gone):
        return False


def page_of(path: str) -> ResolverMatch | None:
    """The page at a path, if views of it can be saved."""
    if not path.isprintable():
        return None
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if hasattr(match.func, "action") and can_be_saved(match) else None
