"""What is done when a run is over and nobody waits: dead runs, old journals, orphaned memory."""

from __future__ import annotations

import os
import time

from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.consent_changes import count_host_changes
from chaos_otel.pipeline.counting import count_again, is_uncounted, state_of
from chaos_otel.pipeline.inbox_file import InboxFile
from chaos_otel.pipeline.own_log import note
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.plan import Plan, plan_path, read_plan
from chaos_otel.pipeline.prune import prune
from chaos_otel.pipeline.recover import Recovered, recover_all
from chaos_otel.pipeline.removal import clear_memory
from chaos_otel.pipeline.stored_runs import dead_run, run_ids
from chaos_otel.pipeline.waiting import let_go, waiting_folders
from chaos_otel.store.database import Database
from chaos_otel.store.outbox import forget

SMALL_BYTES = 1 << 20
ORPHAN_AFTER_S = 3600.0


def recover_small(plan: Plan) -> list[Recovered]:
    """Close dead runs that cost no time worth speaking of, so that this run can still tell."""
    runs, runtime = os.path.dirname(plan.folder), os.path.dirname(plan.inbox)
    return recover_all(runs, runtime=runtime, largest_bytes=SMALL_BYTES, reserved=plan.report)


def keep_house(plan: Plan) -> None:
    """Close runs that nobody was left to close, then let go of what is past its retention."""
    runs, runtime = os.path.dirname(plan.folder), os.path.dirname(plan.inbox)
    recover_all(runs, runtime=runtime)
    count_left(runs)
    count_host_changes(plan.state)
    clear_orphans(runtime)
    give_up_overdue(plan.state, runs, plan.pace)
    prune(
        runs,
        now_wall_s=time.time(),
        max_age_s=plan.retention_age_s,
        max_bytes=plan.retention_bytes,
    )
    if plan.destinations:
        _forget_cursors(plan)


def give_up_overdue(state: str, runs: str, pace: Pace) -> int:
    """Let go of what has waited to be forwarded too long, or is too much; of how many runs.

    Counted and noted; nothing is given up where that cannot be counted.
    """
    if not waiting_folders(runs):
        return 0
    try:
        with Database(state) as database:
            gone = let_go(
                runs,
                database,
                now_wall_ns=time.time_ns(),
                max_age_s=pace.outbox_age_s,
                max_bytes=pace.outbox_bytes,
            )
    except (OSError, ChaosOtelError):
        return 0
    if gone:
        note(state, "deliver", f"{gone} runs were given up: they waited too long, or were too much")
    return gone


def _forget_cursors(plan: Plan) -> None:
    """How far runs had come whose journals are gone for sure."""
    kept_s = plan.retention_age_s + plan.pace.outbox_age_s
    try:
        with Database(plan.state) as database:
            forget(database, before_wall_ns=time.time_ns() - int(kept_s * 1e9))
    except (OSError, ChaosOtelError):
        pass  # the next run does it


def count_left(runs: str) -> str:
    """Count the runs that the store could not take when they ended; stops at the first that it
    cannot take now either, and says why."""
    for run_id in run_ids(runs):
        folder = f"{runs}/{run_id}"
        if is_uncounted(folder):
            with dead_run(folder) as dead:
                if dead and (problem := count_again(folder, state=state_of(folder))):
                    return problem
    return ""


def clear_orphans(runtime: str) -> None:
    """Free the memory of runs whose folder somebody has deleted."""
    for name in os.listdir(runtime):
        if name.endswith(".inbox"):
            inbox = f"{runtime}/{name}"
            if _is_orphan(inbox):
                clear_memory(inbox)


def _is_orphan(inbox: str) -> bool:
    """Its folder is gone and nobody reads it. Not in its first hour: a run that has just begun has
    no reader yet, and its folder may be one that we alone cannot see."""
    try:
        if time.time() - os.stat(inbox).st_mtime < ORPHAN_AFTER_S:
            return False
        if os.path.isdir(read_plan(plan_path(inbox)).folder):
            return False
        InboxFile(inbox).close()
    except (OSError, ValueError, ChaosOtelError):
        return False
    return True
