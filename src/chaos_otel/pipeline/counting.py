"""Adds a run to the counters: once, whoever comes to it, and at no cost to its outputs.

    STATE/runs/RUN_ID/uncounted     there while the store could not take it

What the store refuses is tried again by whoever keeps house next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

from chaos_otel import clock
from chaos_otel.errors import ChaosOtelError, StoreBusyError, in_words
from chaos_otel.journal.reader import JournalReader
from chaos_otel.measures import Measure
from chaos_otel.pipeline.run_folder import RUNS, open_journal
from chaos_otel.recorder.measures import RunMeasures
from chaos_otel.recorder.recorder import Recorder

UNCOUNTED: Final = "uncounted"
# how long others may keep the store: while somebody waits for the outputs (200 runs that end at
# once take a tenth of it), on the way to something else, and when nobody waits
WAITED_FOR_S: Final = 2.0
BRIEFLY_S: Final = 0.2
PATIENCE_S: Final = 30.0


def load() -> None:
    """Load what counting needs, while nobody waits for it."""
    try:
        from chaos_otel.store import counters  # noqa: F401
    except ImportError:
        pass  # `count` says so


def state_of(folder: str, *, runtime: str = "") -> str:
    """The state folder that a run's folder lies in; empty where the run is kept in memory only,
    which has no counters."""
    runs = os.path.dirname(folder)
    if os.path.basename(runs) != RUNS or os.path.dirname(runs) == runtime:
        return ""
    return os.path.dirname(runs)


def count(
    folder: str, measure: Callable[[], Sequence[Measure]], *, state: str, busy_s: float
) -> str:
    """Add what a run measured to the counters, if that was not done before; what went wrong, in
    words, for nothing is raised.

    Nothing is wrong yet where others only keep the store busy: `count_left` tries again.
    """
    try:
        from chaos_otel.store.counters import count_run
        from chaos_otel.store.database import Database

        measures = measure()
        with Database(state, busy_s=busy_s) as database:
            count_run(database, os.path.basename(folder), measures, now_wall_ns=clock.now().wall_ns)
        _unmark(folder)
    except StoreBusyError:
        return _mark(folder)
    except Exception as error:  # the edge: no report depends on a counter
        return _mark(folder) or f"this run is not in the counters: {_words(error)}"
    return ""


def is_uncounted(folder: str) -> bool:
    """Whether the store could not take it."""
    return os.path.lexists(f"{folder}/{UNCOUNTED}")


def count_again(folder: str, *, state: str) -> str:
    """Read the journal once more and count the run; what went wrong, in words."""
    return count(folder, lambda: _measures_of(folder), state=state, busy_s=PATIENCE_S)


def _measures_of(folder: str) -> list[Measure]:
    fd = open_journal(folder)
    try:
        reader = JournalReader(fd)
        recorder, measures = Recorder(run_id=os.path.basename(folder)), RunMeasures()
        while (entries := reader.read()) is not None:
            for entry in entries:
                measures.record(entry.record)
                measures.spans(recorder.fold(entry.record))
        for entry in reader.finish():
            measures.record(entry.record)
            measures.spans(recorder.fold(entry.record))
        measures.spans(recorder.finish())
        return measures.finish(
            recorder.run, recorder.outcome, lost_records=reader.damage.lost_records
        )
    finally:
        os.close(fd)


def _words(error: Exception) -> str:
    known = isinstance(error, ChaosOtelError | OSError | ImportError)
    return in_words(error) if known else f"an error of ours ({type(error).__name__})"


def _mark(folder: str) -> str:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(f"{folder}/{UNCOUNTED}", flags, 0o600))
    except OSError as error:
        return f"this run is not in the counters: {in_words(error)}"
    return ""


def _unmark(folder: str) -> None:
    try:
        os.unlink(f"{folder}/{UNCOUNTED}")
    except FileNotFoundError:
        pass
