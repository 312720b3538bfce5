"""Closes runs that nobody was left to close: capture and `deliver` both died, or the machine
did."""

from __future__ import annotations

import os
from typing import NamedTuple

from chaos_otel.errors import ChaosOtelError
from chaos_otel.journal.reader import JournalReader
from chaos_otel.pipeline.counting import BRIEFLY_S, state_of
from chaos_otel.pipeline.outcome import JournalFollower, Outcome
from chaos_otel.pipeline.plan import Plan, plan_path, read_plan
from chaos_otel.pipeline.removal import clear_memory, remove_run
from chaos_otel.pipeline.run_folder import JOURNAL, is_delivered, open_journal
from chaos_otel.pipeline.stored_runs import dead_run, run_ids
from chaos_otel.records import RunStarted


class Recovered(NamedTuple):
    """One run that was closed. `report` is where its report is now, "" for none."""

    run_id: str
    report: str
    problem: str = ""

    def __str__(self) -> str:
        """A line for people."""
        where = f"its report is {self.report}" if self.report else "it had no report"
        return self.problem or f"closed run {self.run_id}: {where}"


def recover_all(
    runs: str, *, runtime: str, largest_bytes: int | None = None, reserved: str = ""
) -> list[Recovered]:
    """Close every run of the folder that is dead and not delivered, the oldest first.

    One that cannot be closed is reported as a problem and costs no other. With `largest_bytes`
    larger journals are left for later; `reserved` is the report path of a run that is under way.
    """
    found = []
    for run_id in run_ids(runs):
        folder = f"{runs}/{run_id}"
        if is_delivered(folder) or _is_larger(folder, largest_bytes):
            continue
        with dead_run(folder) as dead:
            if dead:
                found.append(_recover_guarded(run_id, folder, runtime, reserved=reserved))
    return found


def _is_larger(folder: str, limit_bytes: int | None) -> bool:
    if limit_bytes is None:
        return False
    try:
        return os.path.getsize(f"{folder}/{JOURNAL}") > limit_bytes
    except OSError:
        return True


def _recover_guarded(run_id: str, folder: str, runtime: str, *, reserved: str) -> Recovered:
    try:
        return _recover(run_id, folder, runtime, reserved=reserved)
    except (OSError, ValueError, ChaosOtelError) as error:
        return Recovered(run_id, "", f"run {run_id} cannot be closed: {error}")


def _recover(run_id: str, folder: str, runtime: str, *, reserved: str) -> Recovered:
    plan = _plan(run_id, folder, runtime)
    if plan is None:
        remove_run(folder, f"{runtime}/{run_id}.inbox")
        return Recovered(run_id, "", f"run {run_id} had recorded nothing")
    from chaos_otel.pipeline.successor import succeed  # a tenth of what `deliver` has to load

    succeed(plan, entries=(), process=None)
    state = state_of(folder, runtime=runtime)
    with JournalFollower(folder, reserved=reserved, state=state, busy_s=BRIEFLY_S) as follower:
        outcome = follower.finish()
    clear_memory(plan.inbox)
    if outcome.problem and _refused(plan, outcome):
        return _put_aside(plan, outcome, reserved=reserved, state=state)
    return Recovered(run_id, outcome.report, outcome.problem)


def _refused(plan: Plan, outcome: Outcome) -> bool:
    """Whether something that was asked for could not be written."""
    return bool((plan.report and not outcome.report) or (plan.events and not outcome.events))


def _put_aside(plan: Plan, outcome: Outcome, *, reserved: str, state: str) -> Recovered:
    """Its place is still refused: into the run's folder, or every later run would tell of it."""
    report = reserved if outcome.report else plan.report
    events_aside = not outcome.events
    with JournalFollower(
        plan.folder, reserved=report, events_aside=events_aside, state=state
    ) as follower:
        aside = follower.finish()
    refused = "" if outcome.report else aside.report
    refused = refused or (aside.events if events_aside else "")
    where = f"it lies in {refused}" if refused else aside.problem
    return Recovered(plan.run_id, aside.report, f"{outcome.problem}; {where}")


def _plan(run_id: str, folder: str, runtime: str) -> Plan | None:
    """From memory, or after a restart of the machine from the journal's first record."""
    inbox = f"{runtime}/{run_id}.inbox"
    try:
        return read_plan(plan_path(inbox))
    except (OSError, ValueError):
        started = _run_started(folder)
    if started is None:
        return None
    return Plan(
        run_id=run_id,
        trace_id=started.trace_id,
        run_span_id=started.span_id,
        process_span_id="",
        nonce="",
        folder=folder,
        inbox=inbox,
        started_wall_ns=started.wall_ns,
        started_mono_ns=started.mono_ns,
        tags=started.tags,
        attributes=started.attributes,
        cwd=started.cwd,
        report=started.report_path,
        events=started.events_path,
        watch_pid=0 if started.wrapped else 1,
    )


def _run_started(folder: str) -> RunStarted | None:
    fd = open_journal(folder)
    try:
        reader = JournalReader(fd)
        while (entries := reader.read()) is not None:
            for entry in entries:
                if isinstance(entry.record, RunStarted):
                    return entry.record
    finally:
        os.close(fd)
    return None
