"""Planted defects of service mode: each must turn a named test red."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rig
from planting import Defect, stands_once, unnoticed

Tell = Callable[[str], None]

WORKER = "tests/flows/test_service_worker.py"
CHANNEL = "tests/flows/test_service_channel.py"
TASKS = "tests/flows/test_service_tasks.py"
PARTIAL = "tests/flows/test_service_partial.py"
ONCE = "tests/flows/test_service_once.py"
KEEPALIVE = "tests/unit/test_service_keepalive.py"
SERVICE = "baton/service"

DEFECTS = {
    "say the end once, heard or not": Defect(
        where=f"{SERVICE}/lease.py",
        old="                if clock() >= until:\n",
        new="                if clock() < until:\n",
        seen_by=(f"{WORKER}::test_the_end_is_repeated_until_it_is_heard",),
    ),
    "repeat an end that nobody wants": Defect(
        where=f"{SERVICE}/lease.py",
        old="            except (Retry, BadToken) as error:\n",
        new="            except (Retry, Refused, BadToken) as error:\n",
        seen_by=(f"{WORKER}::test_an_end_that_nobody_wants_is_let_go",),
    ),
    "take a refused token for an answer": Defect(
        where=f"{SERVICE}/lease.py",
        old="            except (Retry, BadToken) as error:\n                failures += 1\n",
        new="""            except BadToken:
                return
            except Retry as error:
                failures += 1
""",
        seen_by=(f"{WORKER}::test_the_end_is_repeated_until_it_is_heard",),
    ),
    "ignore a cancellation": Defect(
        where=f"{SERVICE}/lease.py",
        old="                if answer.cancelled:\n",
        new="                if answer.cancelled and failures:\n",
        seen_by=(f"{WORKER}::test_cancelled_by_a_heartbeat",),
    ),
    "call what was interrupted a success": Defect(
        where=f"{SERVICE}/lease.py",
        old="        except asyncio.CancelledError:\n            return write_error(\n",
        new="""        except asyncio.CancelledError:
            finish.success.SetInParent()
            return Code.OK
            return write_error(
""",
        seen_by=(f"{WORKER}::test_what_runs_is_handed_back",),
    ),
    "sync on after the lease is lost": Defect(
        where=f"{SERVICE}/lease.py",
        old="if failures >= limits.failures or isinstance(error, Refused):",
        new="if failures >= limits.failures:",
        seen_by=(f"{WORKER}::test_a_lost_lease_ends_the_sync",),
    ),
    "work on though nobody hears": Defect(
        where=f"{SERVICE}/lease.py",
        old="if failures >= limits.failures or isinstance(error, Refused):",
        new="if isinstance(error, Refused):",
        seen_by=(f"{WORKER}::test_heartbeats_that_nobody_hears_end_the_task",),
    ),
    "call every failure temporary": Defect(
        where=f"{SERVICE}/lease.py",
        old="isinstance(error, Refused | Fatal)\n",
        new="isinstance(error, Interrupted)\n",
        seen_by=(f"{WORKER}::test_the_cause_says_whether_to_repeat",),
    ),
    "forget the task when we break": Defect(
        where=f"{SERVICE}/lease.py",
        old="""            return write_error(
                finish, Error(f"A defect""",
        new="""            raise
            return write_error(
                finish, Error(f"A defect""",
        seen_by=(f"{WORKER}::test_a_defect_is_an_end_too",),
    ),
    "stop without handing back": Defect(
        where=f"{SERVICE}/worker.py",
        old="            await self._hand_back()\n",
        new="            self._running.clear()\n",
        seen_by=(f"{WORKER}::test_what_runs_is_handed_back",),
    ),
    "begin a task that we have": Defect(
        where=f"{SERVICE}/worker.py",
        old="if task.id and task.id not in self._leases]",
        new="if task.id]",
        seen_by=(f"{WORKER}::test_a_task_that_comes_twice_is_done_once",),
    ),
    "two syncs at once": Defect(
        where=f"{SERVICE}/worker.py",
        old="            if syncing:\n",
        new="            if syncing and self._stopping.is_set():\n",
        seen_by=(f"{WORKER}::test_syncs_follow_one_another",),
    ),
    "let waiting syncs take every place": Defect(
        where=f"{SERVICE}/worker.py",
        old="busy=not (syncing and any(one.kind == SYNC for one in self._leases.values())),",
        new="busy=True,",
        seen_by=(f"{WORKER}::test_syncs_that_wait_starve_no_change",),
    ),
    "spin if the controller says zero": Defect(
        where=f"{SERVICE}/worker.py",
        old="max(self._poll_s, self.limits.least_poll)",
        new="self._poll_s",
        seen_by=(f"{WORKER}::test_a_pause_of_zero_does_not_spin",),
    ),
    "leave a poll's task behind when told to stop": Defect(
        where=f"{SERVICE}/worker.py",
        old="                await asyncio.wait((asked,), timeout=self.limits.last_poll)\n",
        new="                asked.cancel()\n",
        seen_by=(f"{WORKER}::test_stopping_while_a_poll_is_under_way",),
    ),
    "send a digest of nothing": Defect(
        where=f"{SERVICE}/channel.py",
        old="        digest.update(piece)\n",
        new="",
        seen_by=(f"{CHANNEL}::test_an_upload_arrives_as_it_is",),
    ),
    "go on with an upload where it was cut": Defect(
        where=f"{SERVICE}/channel.py",
        old="asyncio.to_thread(os.pread, source, CHUNK, at)",
        new="asyncio.to_thread(os.read, source, CHUNK)",
        seen_by=(f"{CHANNEL}::test_an_upload_that_was_cut_can_be_sent_again",),
    ),
    "keep a token that is refused": Defect(
        where=f"{SERVICE}/channel.py",
        old="                    self._tokens.refused(token)\n",
        new="                    pass\n",
        seen_by=(f"{CHANNEL}::test_a_token_forgotten_in_the_middle",),
    ),
    "ping more often than servers put up with": Defect(
        where=f"{SERVICE}/channel.py",
        old='("grpc.keepalive_time_ms", 330_000)',
        new='("grpc.keepalive_time_ms", 60_000)',
        seen_by=(KEEPALIVE,),
    ),
    "use a token to its last second": Defect(
        where=f"{SERVICE}/token.py",
        old="        if now >= self._renew_at:\n",
        new="        if now >= self._ends_at:\n",
        seen_by=(f"{CHANNEL}::test_nobody_waits_for_the_next_token",),
    ),
    "leave a renewal behind": Defect(
        where=f"{SERVICE}/channel.py",
        old="        await self._tokens.close()\n",
        new="",
        seen_by=(f"{CHANNEL}::test_closing_leaves_no_renewal_behind",),
    ),
    "take up what was read for another task": Defect(
        where="connector/tasks.py",
        old="on_behalf=self._cause(task.id)",
        new='on_behalf=self._cause("")',
        seen_by=(f"{TASKS}::test_a_sync_rests_on_nothing_that_was_read_for_another",),
    ),
    "take up what was read before our change": Defect(
        where="connector/tasks.py",
        old='        return f"{task_id} {self.desk',
        new='        return task_id\n        return f"{task_id} {self.desk',
        seen_by=(f"{TASKS}::test_a_sync_handed_out_again_shows_what_we_changed_meanwhile",),
    ),
    "finish before the upload is taken in": Defect(
        where="connector/tasks.py",
        old="                await self.controller.upload(task_id, file)\n",
        new="                asyncio.ensure_future(self.controller.upload(task_id, file))\n",
        seen_by=(f"{TASKS}::test_an_upload_that_is_not_taken_in",),
    ),
    "call a refused upload done": Defect(
        where="connector/tasks.py",
        old="                if not left or not isinstance(error, Retry | BadToken):\n",
        new="""                if not left or not isinstance(error, Retry | BadToken):
                    return
                if not left:
""",
        seen_by=(f"{TASKS}::test_an_upload_that_is_not_taken_in",),
    ),
    "call a switched-off sync done": Defect(
        where="connector/tasks.py",
        old='            raise Refused("Full syncs are',
        new='            return Finished()\n            raise Refused("Full syncs are',
        seen_by=(f"{TASKS}::test_full_syncs_can_be_switched_off",),
    ),
    "leave the file of an upload": Defect(
        where="connector/tasks.py",
        old="                job.target.unlink()",
        new="                _ = job.target",
        seen_by=(f"{TASKS}::test_a_kill_loses_nothing_but_time",),
    ),
    "cut off a change that was begun": Defect(
        where="connector/tasks.py",
        old="        return await work\n",
        new="        raise\n",
        seen_by=(f"{TASKS}::test_a_change_that_was_begun_is_seen_through",),
    ),
    "make a change again that was made": Defect(
        where="connector/provision/operations/groups.py",
        old="""        if state.groups:
            return Already(says=f"There is a group {self.name} already.")
""",
        new="",
        seen_by=(ONCE,),
    ),
    "call a partial sync complete": Defect(
        where="baton/engine.py",
        old="            draft.relabel(PARTIAL, newest)\n",
        new="            pass\n",
        seen_by=(PARTIAL,),
    ),
    "name nothing that is missing": Defect(
        where="connector/tasks.py",
        old="        for line in missing[:NAMED]:\n",
        new="        for line in missing[:0]:\n",
        seen_by=(PARTIAL,),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_of_service_mode_can_still_be_planted(name: str):
    """The text that each defect changes stands in the source exactly once."""
    assert stands_once(DEFECTS[name])


@pytest.mark.slow
def test_defects_of_service_mode_turn_the_suite_red(tmp_path: Path, tell: Tell):
    """Whatever of the list somebody breaks, a test fails; without a defect the same tests pass."""
    chosen = rig.share(sorted(DEFECTS), 2, rig.dice("defects of service mode"))

    green = unnoticed(DEFECTS, chosen, tmp_path)

    tell(f"{len(chosen)} defects planted, {len(chosen) - len(green)} noticed: {', '.join(chosen)}")
    assert green == [], green
