"""Planted defects: each must turn the suite red, else the suite proves less than it says.

A defect is a small change to a copy of the source. The tests named with it run against the copy, in
a process of their own; if they stay green, or if the text to change is no longer there, this fails.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import rig
from planting import Defect, stands_once, unnoticed

ENGINE = "tests/unit/test_engine.py"
ODD = "tests/chaos/test_chaos_odd.py"
FAULTS = "tests/chaos/test_chaos_faults.py"
PROMISE = "tests/properties/test_listing_promise.py"
READING = "tests/properties/test_listing_reading.py"
COUNTS = "tests/chaos/test_chaos_counts.py::test_every_count"

Tell = Callable[[str], None]


DEFECTS = {
    "drop the last page": Defect(
        where="notion/listing.py",
        old="max(total, 1), step)",
        new="max(total - step, 1), step)",
        seen_by=(f"{COUNTS}[users-7 given]",),
    ),
    "turn pages by 100, not by 99": Defect(
        where="notion/listing.py",
        old="step = max(size - 1, 1)",
        new="step = max(size, 1)",
        seen_by=(f"{COUNTS}[users-7 given]",),
    ),
    "skip the total check": Defect(
        where="notion/listing.py",
        old="""        if total != self.total:
            raise Flaw(f"the total changed from {self.total} to {total}")
        named =""",
        new="        named =",
        seen_by=(PROMISE,),
    ),
    "skip the boundary check": Defect(
        where="notion/listing.py",
        old="if not before.last or before.last != after.first:",
        new="if not before.last:",
        seen_by=(PROMISE, f"{FAULTS}::test_a_swap_between_every_two_pages[front-back]"),
    ),
    "let ids appear twice": Defect(
        where="notion/listing.py",
        old="if len(self.ids) + unnamed != self.total or",
        new="if",
        seen_by=(PROMISE,),
    ),
    "trust the first pass of an unordered listing": Defect(
        where="notion/reading.py",
        old="            if now.ids == before.ids:\n                return now",
        new="            return before",
        seen_by=(READING,),
    ),
    "keep what an earlier try gave": Defect(
        where="connector/source.py",
        old="self.draft.drop(baton.USER, baton.ROLE)",
        new="self.draft.drop(baton.USER)",
        seen_by=(f"{FAULTS}::test_an_order_that_moves",),
    ),
    "take missing members as empty": Defect(
        where="notion/scim.py",
        old="    members = None\n    if group.members",
        new="    members = ()\n    if group.members",
        seen_by=(f"{ODD}::test_silence_about_members_is_not_emptiness",),
    ),
    "skip the group spot check": Defect(
        where="notion/workspace.py",
        old="differs = await self._differs(told)",
        new='differs = ""',
        seen_by=(f"{FAULTS}::test_a_workspace_that_never_rests[truncated]",),
    ),
    "take a listing that differs for one that has changed": Defect(
        where="notion/workspace.py",
        old="if own is not None and any(_mark(row) == own for row in listed):",
        new="if own is not None:",
        seen_by=("tests/flows/test_workspace.py",),
    ),
    "take back a page that is still being written": Defect(
        where="baton/c1z/thread.py",
        old="                cancelled = True\n",
        new="                raise\n",
        seen_by=(f"{ENGINE}::test_a_page_that_is_written_is_no_ghost",),
    ),
    "save a sync while everything waits": Defect(
        where="baton/c1z/draft.py",
        old="return await self._thread(work)",
        new="return work()",
        seen_by=(f"{ENGINE}::test_the_loop_is_free_while_a_sync_is_saved",),
    ),
    "resume without asking whether it is still true": Defect(
        where="baton/engine.py",
        old="if await _still_true(plan, draft):",
        new="if draft.progress.done:",
        seen_by=(f"{ODD}::test_an_interrupted_sync_leaves_no_ghosts",),
    ),
    "take up what another configuration left": Defect(
        where="baton/c1z/draft.py",
        old="and token.config == resume.config",
        new="",
        seen_by=(f"{ODD}::test_another_wish_starts_anew",),
    ),
    "take up what is from long ago": Defect(
        where="baton/c1z/draft.py",
        old="and started_at >= resume.not_before",
        new="",
        seen_by=(f"{ODD}::test_what_is_old_is_not_taken_up",),
    ),
    "keep the groups of an earlier try": Defect(
        where="connector/source.py",
        old="        await self.draft.aside(lambda: self.draft.drop(baton.GROUP))\n",
        new="",
        seen_by=(f"{FAULTS}::test_an_order_that_moves",),
    ),
    "drop a bad record silently": Defect(
        where="connector/source.py",
        old="""        listed = await self._workspace.members(sink)
        missing += [str(bad) for bad in listed.bad]""",
        new="        listed = await self._workspace.members(sink)",
        seen_by=(f"{ODD}::test_a_bad_record_is_left_out_and_named",),
    ),
    "drop strangers silently": Defect(
        where="connector/source.py",
        old="missing.extend([line for g in groups if (line := await self._odd(user_id, g))])",
        new="del groups",
        seen_by=(f"{ODD}::test_a_stranger_in_a_group_is_reported",),
    ),
    "forget who joined in between": Defect(
        where="connector/source.py",
        old="            await accounts.take([member])\n",
        new="            return\n",
        seen_by=(f"{ODD}::test_who_joins_between_members_and_groups_is_looked_up",),
    ),
    "end the sync although it is unfinished": Defect(
        where="baton/engine.py",
        old="""    except (Retry, Unfinished):
        _put_aside(draft)
        raise
""",
        new="    except (Retry, Unfinished):\n        pass\n",
        seen_by=(f"{FAULTS}::test_a_swap_between_every_two_pages",),
    ),
    "follow redirects": Defect(
        where="notion/client.py",
        old="follow_redirects=False",
        new="follow_redirects=True",
        seen_by=(f"{ODD}::test_a_redirect_is_not_followed",),
    ),
    "read 403 as an empty list": Defect(
        where="notion/answers.py",
        old="        raise error\n    return answer.body\n",
        new="""        if answer.status != 403:
            raise error
        return b'{"totalResults":0,"Resources":[]}'
    return answer.body
""",
        seen_by=(f"{FAULTS}::test_a_fault_at_every_request[403_html]",),
    ),
    "do not try again what is broken": Defect(
        where="errors.py",
        old="class NotionBroken(Retry):",
        new="class NotionBroken(Error):",
        seen_by=(f"{FAULTS}::test_a_fault_at_every_request[500]",),
    ),
    "leave the work folder": Defect(
        where="baton/c1z/draft.py",
        old="            packed = self.folder.publish()\n        self.folder.remove()",
        new="            packed = self.folder.publish()\n        self.folder.release()",
        seen_by=(f"{COUNTS}[users-100]",),
    ),
    "do not check references": Defect(
        where="connector/source.py",
        old="known = [user_id for user_id in listed if user_id in self.people]",
        new="known = list(listed)",
        seen_by=(f"{ODD}::test_a_stranger_in_a_group_is_reported",),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_can_still_be_planted(name: str):
    """The text that each defect changes stands in the source exactly once."""
    assert stands_once(DEFECTS[name])


@pytest.mark.slow
def test_defects_turn_the_suite_red(tmp_path: Path, tell: Tell):
    """Whatever of the list somebody breaks, a test fails; without a defect the same tests pass."""
    chosen = rig.share(sorted(DEFECTS), 2, rig.dice("defects"))

    green = unnoticed(DEFECTS, chosen, tmp_path)

    tell(f"{len(chosen)} defects planted, {len(chosen) - len(green)} noticed: {', '.join(chosen)}")
    assert green == [], green
