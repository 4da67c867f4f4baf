"""A defect of ours while an order's end is written down: of that order alone, and told in it.

An order that stayed as it was would stay so for ever: whoever tells its end again meets the same
defect again, and so does whatever else ends in the same transaction.
"""

from collections.abc import Callable
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, transaction

from rolecall.server.orders.models import Order

__all__ = ["confined"]

log = structlog.get_logger()

_State = Order.State
_ON_ITS_WAY: Final = (_State.ORDERED, _State.UNKNOWN)


def confined(order: Order, write: Callable[[], object]) -> bool:
    """Write down what became of an order: all of it, or only that it could not be.

    After a defect an order that was on its way is unknown, which the next full sync settles, or a
    person who retries it; any other stays what it was.

    Args:
        order: locked; its instance is stale after a defect.
        write: does it.

    Returns:
        Whether it went well.

    Raises:
        OperationalError, InterfaceError: the database is in trouble, and the whole end is to be
            told again.
    """
    try:
        with transaction.atomic():
            write()
    except (OperationalError, InterfaceError):
        raise
    except Exception as bug:
        name = type(bug).__name__
        log.exception("order_bug", order=order.public_id, bug=name)
        rows = Order.objects.filter(pk=order.pk)
        rows.filter(state__in=_ON_ITS_WAY).update(
            state=_State.UNKNOWN, error="Unverified", retry_at=None
        )
        rows.update(
            why=f"A defect of ours ({name}) kept Rolecall from writing down what became of this; "
            "the log has the details. The next full sync tells."
        )
        return False
    return True
