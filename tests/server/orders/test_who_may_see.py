"""Who may see single apps only is told the same whether or not there is such a row."""

from collections.abc import Callable

import pytest
from ordering import Ordering
from scenes import person

from rolecall.errors import Gone, NotAllowed
from rolecall.server.orders import deciding, drifting, finding, manual

Ask = Callable[..., object]


@pytest.mark.parametrize(
    "ask",
    [
        lambda actor, _now: finding.decision_for(actor, "dec_no"),
        lambda actor, _now: finding.order_for(actor, "ord_no"),
        lambda actor, _now: finding.drift_for(actor, "dri_no"),
        lambda actor, _now: finding.step_for(actor, "man_no"),
        lambda actor, now: deciding.apply(actor, "dec_no", now=now),
        lambda actor, now: deciding.hold(actor, "ord_no", now=now),
        lambda actor, now: drifting.restore(actor, "dri_no", now=now),
        lambda actor, now: manual.done(actor, "man_no", proof="x", now=now),
    ],
)
def test_a_row_that_is_not_there(ordering: Ordering, ask: Ask) -> None:
    """An app's owner is refused; an administrator is told that it is not there."""
    owner = person("Olga", "app_owner", scope=ordering.app.public_id)

    with pytest.raises(NotAllowed):
        ask(owner, ordering.now())
    with pytest.raises(Gone):
        ask(ordering.admin, ordering.now())
