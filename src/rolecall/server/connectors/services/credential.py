"""Credentials: typed in, tried by the worker, used; never shown again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from rolecall.errors import Conflict, Invalid, Unsupported
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import tasks, vault
from rolecall.server.connectors.adopting import adopt, lock_to_pin
from rolecall.server.connectors.locks import task_rows
from rolecall.server.connectors.models import Connector, Secret, Task
from rolecall.server.connectors.pace import pace
from rolecall.server.connectors.services.rows import allowed, locked

__all__ = ["give", "remove", "save", "test"]

_LONGEST: Final = 4096


@transaction.atomic
def give(
    actor: Actor,
    connector_id: str,
    tokens: Mapping[str, str],
    *,
    now: datetime,
    made_by: str = "",
    save: bool = False,
) -> Task:
    """Keep tokens (slot → token; empty ones are passed over), and have the worker try them.

    Until a test has succeeded, what was in use stays in use. The returned task's `result` holds the
    checklist: `lines` of what, ok, found, missing.

    Args:
        actor: who typed them in.
        connector_id: public id.
        tokens: by `Secret.Slot`.
        now: the moment.
        made_by: whose token it is in Notion: an address, or empty.
        save: use them as soon as the test succeeds, and sync.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Invalid: none, unprintable, or for a slot there is not; `made_by` is no address.
        Unsupported: this connector runs on a machine of its owner's.
    """
    wanted = _cleaned(tokens)
    maker = _address(made_by)
    _end_tests(allowed(actor, "connector:token", connector_id), now)
    connector = locked(actor, "connector:token", connector_id)
    if connector.kind != "notion":
        raise Unsupported("The token of a connector on your own machine stays on that machine.")
    vault.empty(connector.secrets.filter(state=Secret.State.OFFERED), now)
    offered = [
        vault.offer(connector, slot, token, set_by=actor.name, made_by=maker, now=now)
        for slot, token in wanted.items()
    ]
    record(actor, "connector:token:give", connector, now=now, scope=connector.public_id,
           slots=sorted(wanted), made_by=maker)  # fmt: skip
    return tasks.ask(
        connector, Task.Kind.TEST, trigger="credential", asked_by=actor.name, now=now,
        save=save, secrets=[one.public_id for one in offered],
        by={"kind": actor.kind, "id": actor.id, "name": actor.name},
    )  # fmt: skip


@transaction.atomic
def save(actor: Actor, connector_id: str, test_id: str, *, now: datetime) -> Task:
    """Use the tokens that this test found to work, and sync with them.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: there is no such test, it failed, is not over, or was of other tokens.
        WrongWorkspace: the API key belongs to another workspace than the app's.
    """
    found = allowed(actor, "connector:token", connector_id)
    tested = found.tasks.filter(pk=test_id, kind=Task.Kind.TEST).first()
    if tested is None or tested.state != Task.State.DONE:
        raise Conflict("These tokens have not passed a test.", hint="Test them first.")
    lock_to_pin(found, tested.result)
    connector = locked(actor, "connector:token", connector_id)
    named = tested.parameters.get("secrets", [])
    offered = list(connector.secrets.filter(public_id__in=named, state=Secret.State.OFFERED))
    if not offered or len(offered) != len(named):
        raise Conflict("These tokens were replaced or used since.", hint="Enter them again.")
    return adopt(actor, connector, offered, tested.result, now=now)


@transaction.atomic
def test(actor: Actor, connector_id: str, *, now: datetime) -> Task:
    """Have the worker try the credentials in use; its `result` holds the checklist.

    A connector on a machine of its owner's is asked whether it is there: its token we do not have.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: there is none; or nobody would answer, because it does not call.
    """
    found = allowed(actor, "connector:token", connector_id)
    if found.kind == "baton":
        _end_tests(found, now, "It was asked again.")
    connector = locked(actor, "connector:token", connector_id)
    if connector.kind == "baton":
        _insist_that_it_calls(connector, now)
    elif not vault.current(connector).exists():
        raise Conflict(f"{connector.name} has no credential.", hint="Enter one in its settings.")
    record(actor, "connector:test", connector, now=now, scope=connector.public_id)
    return tasks.ask(connector, Task.Kind.TEST, trigger="hand", asked_by=actor.name, now=now)


@transaction.atomic
def remove(actor: Actor, connector_id: str, slot: str, *, now: datetime) -> Connector:
    """Forget one of two credentials.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: it is not there, or the only one.
    """
    connector = locked(actor, "connector:token", connector_id)
    slots = set(vault.current(connector).values_list("slot", flat=True))
    if slot not in slots:
        raise Conflict("There is no such credential.", hint="Look at the page again.")
    if slots == {slot}:
        raise Conflict("It is the only credential.", hint="Pause or delete the connector instead.")
    vault.empty(vault.current(connector).filter(slot=slot), now)
    record(actor, "connector:token:remove", connector, now=now, scope=connector.public_id,
           slot=slot)  # fmt: skip
    return connector


def _cleaned(tokens: Mapping[str, str]) -> dict[str, str]:
    given = {slot: token.strip() for slot, token in tokens.items() if token.strip()}
    if not given:
        raise Invalid("There is no token.", hint="Enter a SCIM API token, an API key, or both.")
    for slot, token in given.items():
        if slot not in Secret.Slot.values:
            raise Invalid(f"There is no credential {slot!r}.")
        if len(token) > _LONGEST or not token.isascii() or not token.isprintable() or " " in token:
            raise Invalid(
                f"That is no {Secret.Slot(slot).label}: it has characters no token has.",
                hint="Copy it again, from its first to its last character.",
            )
    return given


def _address(made_by: str) -> str:
    address = made_by.strip()
    if address:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Invalid(
                f"{address!r} is no e-mail address.", hint="Whose token is it in Notion?"
            ) from error
    return address


def _insist_that_it_calls(connector: Connector, now: datetime) -> None:
    """Whom nobody has heard of for so long does not answer either."""
    last = connector.seen_at
    if last is None or now - last > timedelta(seconds=pace().missed_s):
        since = f"has not called since {last:%Y-%m-%d %H:%M} UTC" if last else "has never called"
        raise Conflict(
            f"{connector.name} {since}, so there is nobody to be asked.",
            hint="See whether it runs, and whether its machine reaches Rolecall's controller.",
        )


def _end_tests(
    connector: Connector, now: datetime, message: str = "Other tokens were entered."
) -> None:
    """Tests that another one replaces; a worker that is at one finds it gone."""
    open_tests = task_rows().filter(
        connector=connector,
        kind=Task.Kind.TEST,
        state__in=(Task.State.QUEUED, Task.State.RUNNING),
    )
    for task in open_tests:
        tasks.end(task, Task.State.CANCELLED, now, message=message)
