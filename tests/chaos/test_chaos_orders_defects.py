"""Planted defects of orders: each must turn a named test red."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rig
from planting import Defect, stands_once, unnoticed

Tell = Callable[[str], None]

TESTS = "tests/server/orders"
PLANS = f"{TESTS}/test_plans.py"
OUTCOMES = f"{TESTS}/test_outcomes.py"
ENDS = f"{TESTS}/test_order_ends.py"
DRIFT = f"{TESTS}/test_drift.py"
BESIDE = f"{TESTS}/test_orders_beside_syncs.py"
OWNERS = f"{TESTS}/test_last_owners.py"
EVERY = f"{TESTS}/test_every_operation.py"
RANDOM = f"{TESTS}/test_random_orders.py"
LEASES = "tests/server/controller/test_wire_leases.py"
MEETS = "tests/server/connectors/test_asking_meets_ending.py"

CARRYING = "server/orders/carrying.py"
VERIFIED = "server/orders/verified.py"
VERIFYING = "server/orders/verifying.py"

DEFECTS = {
    "believe every connector's success": Defect(
        where=CARRYING,
        old="if not left and reads_again(task) and verified.observe",
        new="if not left and verified.observe",
        seen_by=(OUTCOMES,),
    ),
    "call a lost answer a failure": Defect(
        where=CARRYING,
        old="if stopped or task.error in _UNSURE or _perhaps_ours(order, task):",
        new="if stopped:",
        seen_by=(OUTCOMES,),
    ),
    "a removal of what is gone has failed": Defect(
        where=CARRYING,
        old="elif task.state == Task.State.DONE or _gone_anyway(order, task):",
        new="elif task.state == Task.State.DONE:",
        seen_by=(OUTCOMES,),
    ),
    "believe an old success after a newer order": Defect(
        where=CARRYING,
        old="elif order.state == _State.FAILED and _overtaken(order):",
        new="elif order.state == _State.FAILED and not order.pk:",
        seen_by=(ENDS,),
    ),
    "let a defect undo the end of the task": Defect(
        where="server/orders/mishap.py",
        old="    except (OperationalError, InterfaceError):",
        new="    except Exception:\n        raise\n    except (OperationalError, InterfaceError):",
        seen_by=(ENDS,),
    ),
    "leave an order as it was after a defect": Defect(
        where="server/orders/mishap.py",
        old="            state=_State.UNKNOWN, error=",
        new="            error=",
        seen_by=(ENDS,),
    ),
    "believe a sync that began before the end": Defect(
        where=VERIFYING,
        old="if _since(order) < sync.started_at and",
        new="if",
        seen_by=(BESIDE, OUTCOMES, DRIFT),
    ),
    "call verified what a sync does not show": Defect(
        where=VERIFYING,
        old="    if done:\n        _close_step",
        new="    if done is not None:\n        _close_step",
        seen_by=(OUTCOMES,),
    ),
    "keep the word of an older order": Defect(
        where=VERIFIED,
        old="Order.objects.filter(pk__in=keys).update(current=False)",
        new="keys.clear()",
        seen_by=(DRIFT, EVERY, PLANS),
    ),
    "forget what was seen of a membership that ended": Defect(
        where=VERIFIED,
        old="    if entitlement.kind != Entitlement.Kind.ROLE:\n        observing.not_held",
        new="    if entitlement.kind == 'none':\n        observing.not_held",
        seen_by=(EVERY,),
    ),
    "let two orders about one thing go": Defect(
        where="server/orders/planning/rows.py",
        old="        live = facts.live.get(effect)\n",
        new="        live = None\n",
        seen_by=(PLANS,),
    ),
    "see all owners, also those who are about to go": Defect(
        where="server/orders/facts.py",
        old="    facts.owners -= {one.account_id",
        new="    {one.account_id",
        seen_by=(OWNERS,),
    ),
    "let two workers change owners at once": Defect(
        where="server/connectors/changing.py",
        old="    if role is None or role.resource is None or",
        new="    if True or role is None or role.resource is None or",
        seen_by=(OWNERS,),
    ),
    "hand the last owner to the connector": Defect(
        where="server/orders/guards.py",
        old="    if facts.owners == {account.pk}:",
        new="    if not facts.owners:",
        seen_by=(PLANS, OWNERS),
    ),
    "apply what is cancelled": Defect(
        where="server/orders/deciding.py",
        old='    if decision.state == Decision.State.CANCELLED:\n        raise Conflict("This dec',
        new='    if not decision.pk:\n        raise Conflict("This dec',
        seen_by=(PLANS,),
    ),
    "apply many without a second look": Defect(
        where="server/orders/deciding.py",
        old="    if needed and agreed != needed:",
        new="    if needed and agreed < 0:",
        seen_by=(PLANS,),
    ),
    "say that there is no such row before asking who asks": Defect(
        where="server/orders/finding.py",
        old="    require(actor, action, NOWHERE if found is None else _app_of(found).public_id)\n",
        new="    if found is not None:\n        require(actor, action, _app_of(found).public_id)\n",
        seen_by=("tests/server/api/test_walk.py", f"{TESTS}/test_who_may_see.py"),
    ),
    "hear an end twice": Defect(
        where="server/connectors/finishing.py",
        old="    return done and change and (task.state, task.error)",
        new="    return change or (task.state, task.error)",
        seen_by=(LEASES, ENDS),
    ),
    "ask for a sync without looking": Defect(
        where="server/connectors/tasks.py",
        old="    if kind == Task.Kind.SYNC and _under_way(connector):",
        new="    if not connector.pk:",
        seen_by=(MEETS,),
    ),
}
"""What was broken → how, and who sees it."""
CERTAIN = [
    "leave an order as it was after a defect",
    "see all owners, also those who are about to go",
    "believe every connector's success",
]
"""Those that a quick run chooses from."""


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_defect_of_orders_can_still_be_planted(name: str):
    """The text that each defect changes stands in the source exactly once."""
    assert stands_once(DEFECTS[name])


@pytest.mark.slow
def test_defects_of_orders_turn_the_suite_red(tmp_path: Path, tell: Tell):
    """Whatever of the list somebody breaks, a test fails; without a defect the same tests pass."""
    names = sorted(DEFECTS) if rig.RUNS else CERTAIN
    chosen = rig.share(names, 1, rig.dice("defects of orders"))

    green = unnoticed(DEFECTS, chosen, tmp_path)

    tell(f"{len(chosen)} defects planted, {len(chosen) - len(green)} noticed: {', '.join(chosen)}")
    assert green == [], green
