"""Planted defects in how changes are made: each must turn a named test red."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rig
from planting import Defect, stands_once, unnoticed

Tell = Callable[[str], None]

SETTLE = "tests/unit/test_settle.py"
UNDO = "tests/unit/test_undo_changes.py"
RESOLVE = "tests/unit/test_resolve.py"
JOURNAL = "tests/unit/test_journal.py"
OPERATIONS = "tests/unit/test_operations.py"
FAULTS = "tests/chaos/test_chaos_changes.py"
GUARD = "tests/chaos/test_chaos_changes_guard.py"
PROVISION = "connector/provision"

DEFECTS = {
    "believe a 200": Defect(
        where=f"{PROVISION}/carrying.py",
        old="""            if self._operation.holds(state):
                return self._verified(state)
""",
        new="""            if problem is None or self._operation.holds(state):
                return self._verified(state)
""",
        seen_by=(f"{FAULTS}::test_a_fault_at_every_write[lost_effect]",),
    ),
    "do not look after a refusal": Defect(
        where=f"{PROVISION}/carrying.py",
        old="            state = await self._mended(await self._look(problem))\n",
        new="""            if problem is not None and not _open(problem):
                break
            state = await self._mended(await self._look(problem))
""",
        seen_by=(f"{SETTLE}::test_refused_although_it_is_so",),
    ),
    "give up after a lost answer": Defect(
        where=f"{PROVISION}/carrying.py",
        old="            state = await self._mended(await self._look(problem))\n",
        new="""            if problem is not None:
                break
            state = await self._mended(await self._look(problem))
""",
        seen_by=(f"{FAULTS}::test_a_fault_at_every_write[reset_after]",),
    ),
    "repeat a POST blindly": Defect(
        where="notion/client.py",
        old="lambda: self._send_once(change), worth=RateLimited",
        new="lambda: self._send_once(change), worth=Retry",
        seen_by=("tests/flows/test_client_changes.py::test_a_change_is_sent_once",),
    ),
    "skip the guard on the second attempt": Defect(
        where=f"{PROVISION}/carrying.py",
        old="            if attempt:\n",
        new="            if attempt > ATTEMPTS:\n",
        seen_by=(f"{SETTLE}::test_the_guard_is_asked_again_before_the_second_attempt",),
    ),
    "record after the call": Defect(
        where=f"{PROVISION}/carrying.py",
        old="""            self._note("calling", f"{change.method} {change.path}: {change.words}")
            self._sent = True
            try:
                sent = await self._desk.hands.send(change)
""",
        new="""            self._sent = True
            try:
                sent = await self._desk.hands.send(change)
                self._note("calling", f"{change.method} {change.path}: {change.words}")
""",
        seen_by=(f"{SETTLE}::test_a_journal_that_is_full",),
    ),
    "take what is unknown for refused": Defect(
        where=f"{PROVISION}/carrying.py",
        old='                self._ours = True\n                self._note("unknown", error.what)',
        new='                self._note("unknown", error.what)',
        seen_by=(f"{FAULTS}::test_a_fault_at_every_write[cut_body]",),
    ),
    "tell what was shown before": Defect(
        where=f"{PROVISION}/carrying.py",
        old="            step = self._left(state, step)\n",
        new="",
        seen_by=(f"{SETTLE}::test_a_refusal_tells_what_is_shown_now",),
    ),
    "mend nothing": Defect(
        where=f"{PROVISION}/carrying.py",
        old="        mending = self._operation.damage(self._opened.before, state)\n",
        new="        mending = None\n",
        seen_by=(f"{SETTLE}::test_others_who_lost_the_same_get_it_back",),
    ),
    "call everything that was sent verified": Defect(
        where=f"{PROVISION}/carrying.py",
        old='        if self._operation.holds(state):\n            self._verified(state, "seen',
        new='        if entry.called:\n            self._verified(state, "seen',
        seen_by=(RESOLVE,),
    ),
    "call failed what may still arrive": Defect(
        where=f"{PROVISION}/carrying.py",
        old="IN_FLIGHT: Final = timedelta(seconds=60)",
        new="IN_FLIGHT: Final = timedelta(seconds=0)",
        seen_by=(RESOLVE,),
    ),
    "believe hints": Defect(
        where=f"{PROVISION}/judging.py",
        old="""            if member and member.role == "owner" and member.active:
                return member.id
""",
        new="            return hint\n",
        seen_by=(f"{GUARD}::test_a_file_from_before",),
    ),
    "count rows": Defect(
        where="connector/guard.py",
        old="after = set(facts.changed) | set(reach.people)",
        new="after = [*facts.changed, *reach.people]",
        seen_by=("tests/unit/test_guard.py::test_a_person_counts_once",),
    ),
    "forget the last hour": Defect(
        where=f"{PROVISION}/journal.py",
        old="if at >= moment}\n",
        new="if at < moment}\n",
        seen_by=(f"{GUARD}::test_the_cap_counts_people_over_all_commands",),
    ),
    "carry out an old plan": Defect(
        where=f"{PROVISION}/settle.py",
        old="    return planned.opened != desk.journal.opened\n",
        new="    return False\n",
        seen_by=(f"{GUARD}::test_plans_made_before_do_not_count",),
    ),
    "let two processes in": Defect(
        where=f"{PROVISION}/journal.py",
        old="        _lock(lock, folder)\n",
        new="",
        seen_by=(f"{JOURNAL}::test_two_processes_never_have_it_both",),
    ),
    "stumble over a torn beginning": Defect(
        where=f"{PROVISION}/journal.py",
        old="        if len(lines) == 1:\n",
        new="        if not lines:\n",
        seen_by=(f"{JOURNAL}::test_a_torn_end_is_no_damage",),
    ),
    "undo what is no longer so": Defect(
        where=f"{PROVISION}/undo.py",
        old="    if not operation.holds(await operation.look(desk.eyes)):\n",
        new="    if not await operation.look(desk.eyes):\n",
        seen_by=(f"{UNDO}::test_somebody_decided_otherwise",),
    ),
    "undo what others did": Defect(
        where=f"{PROVISION}/undo.py",
        old="    if not entry.ours:\n",
        new="    if entry.opened.id == '':\n",
        seen_by=(f"{SETTLE}::test_refused_although_it_is_so",),
    ),
    "give the memberships to a namesake": Defect(
        where=f"{PROVISION}/undo.py",
        old="        _insist_on_ours(operation, result)\n",
        new="",
        seen_by=(f"{UNDO}::test_a_group_of_the_same_name_is_left_alone",),
    ),
    "begin an interrupted way back anew": Defect(
        where=f"{PROVISION}/undo.py",
        old="    if begun:\n",
        new="    if len(begun) >= len(steps):\n",
        seen_by=(f"{UNDO}::test_an_interrupted_way_back_is_gone_on_with",),
    ),
    "fail on what is gone already": Defect(
        where=f"{PROVISION}/operations/accounts.py",
        old='            return Already(says=f"{self.user_id} is no member (any more).")',
        new='            raise Gone(f"{self.user_id} is no member (any more).")',
        seen_by=(f"{FAULTS}::test_a_fault_at_every_write[reset_after]", OPERATIONS),
    ),
    "remove through the profile": Defect(
        where=f"{PROVISION}/operations/accounts.py",
        old='_insist_on_profile(self.attributes, _PROFILE | {"userName", "name", "emails"})',
        new="",
        seen_by=(f"{OPERATIONS}::test_what_cannot_be_done",),
    ),
    "take a hidden role for none": Defect(
        where=f"{PROVISION}/operations/roles.py",
        old='    return person.role in {OWNER, ""}\n',
        new="    return person.role == OWNER\n",
        seen_by=(f"{SETTLE}::test_the_last_owner_and_those_who_hide_their_role",),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_of_changes_can_still_be_planted(name: str):
    """The text that each defect changes stands in the source exactly once."""
    assert stands_once(DEFECTS[name])


@pytest.mark.slow
def test_defects_of_changes_turn_the_suite_red(tmp_path: Path, tell: Tell):
    """Whatever of the list somebody breaks, a test fails; without a defect the same tests pass."""
    chosen = rig.share(sorted(DEFECTS), 2, rig.dice("defects of changes"))

    green = unnoticed(DEFECTS, chosen, tmp_path)

    tell(f"{len(chosen)} defects planted, {len(chosen) - len(green)} noticed: {', '.join(chosen)}")
    assert green == [], green
