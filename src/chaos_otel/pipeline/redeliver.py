"""Writes the outputs of closed runs again; what is there already stays as it is, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.counting import state_of
from chaos_otel.pipeline.housekeeping import count_left
from chaos_otel.pipeline.outcome import JournalFollower
from chaos_otel.pipeline.recover import Recovered
from chaos_otel.pipeline.run_folder import is_delivered
from chaos_otel.pipeline.stored_runs import dead_run, run_ids


def redeliver(runs: str, wanted: Sequence[str] = ()) -> Iterator[Recovered]:
    """Deliver these runs, or all that have not been; a problem with one costs no other."""
    for run_id in wanted or [one for one in run_ids(runs) if not _delivered(runs, one)]:
        folder = f"{runs}/{run_id}"
        if os.path.basename(folder) != run_id or not os.path.isdir(folder):
            yield Recovered(run_id, "", f"there is no run {run_id} in {runs}")
            continue
        with dead_run(folder) as dead:
            if dead:
                yield _deliver(run_id, folder)
            elif wanted:
                yield Recovered(run_id, "", f"run {run_id} is under way")
    if not wanted and (problem := count_left(runs)):
        yield Recovered("", "", problem)


def _delivered(runs: str, run_id: str) -> bool:
    return is_delivered(f"{runs}/{run_id}")


def _deliver(run_id: str, folder: str) -> Recovered:
    try:
        with JournalFollower(folder, state=state_of(folder)) as follower:
            outcome = follower.finish()
    except (OSError, ChaosOtelError) as error:
        return Recovered(run_id, "", f"run {run_id} cannot be delivered: {error}")
    return Recovered(run_id, outcome.report, outcome.problem)
