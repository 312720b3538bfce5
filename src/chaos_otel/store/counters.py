"""Counters that outlive their runs: added to once per run, never lowered, held at zero at birth.

A process that lives for a second cannot hold a counter, so these stand in the store. Knows nothing
of runs but their ids, and of no exporter.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from chaos_otel import instruments
from chaos_otel.measures import Distribution, Measure, Series
from chaos_otel.store import present
from chaos_otel.store.active import ActiveRun, end_run, under_way
from chaos_otel.store.database import Database
from chaos_otel.store.series_rows import apply, decoded

# two scrapes of the usual 30 s: a series that first shows 1 has no rate, one that shows 0 has
HOLD_S: Final = 60.0
_HELD: Final = "kind != 'gauge' AND born_wall_ns"


def count_run(
    database: Database, run_id: str, measures: Iterable[Measure], *, now_wall_ns: int
) -> bool:
    """Add what a run measured, once: False, and nothing changed, if it was counted before.

    All of it is added or nothing. The run is then no longer under way. StateError where it cannot
    be written.
    """
    with database.writing() as connection:
        end_run(connection, run_id)
        if not _is_new(connection, run_id):
            return False
        apply(connection, measures, now_wall_ns=now_wall_ns)
    return True


def add(database: Database, measures: Iterable[Measure], *, now_wall_ns: int) -> None:
    """Add measures that belong to no run, in one transaction."""
    with database.writing() as connection:
        apply(connection, measures, now_wall_ns=now_wall_ns)


def read_series(
    database: Database,
    *,
    now_wall_ns: int,
    hold_s: float = HOLD_S,
    is_live: Callable[[ActiveRun], bool] = lambda run: True,
) -> list[Series]:
    """Every series as it is now, by metric and labels: those of the table, the runs under way, and
    what waits in the outbox.

    A counter or histogram reads 0 until `hold_s` after its birth. `is_live` tells whether a run
    that said it is under way still is.
    """
    hold_ns = int(hold_s * 1e9)
    with database.reading() as connection:
        stored = list(_stored(connection, now_wall_ns=now_wall_ns, hold_ns=hold_ns))
        runs = under_way(connection)
        waiting = present.outbox(connection, now_wall_ns=now_wall_ns)
    live = [run for run in runs if is_live(run)]
    return sorted([*present.with_runs(stored, live, now_wall_ns=now_wall_ns), *waiting])


def settles_at_wall_ns(
    database: Database, *, now_wall_ns: int, hold_s: float = HOLD_S
) -> int | None:
    """When the last series that is held at 0 now shows its value; None if none is."""
    hold_ns = int(hold_s * 1e9)
    with database.reading() as connection:
        query = f"SELECT max(born_wall_ns) FROM series WHERE {_HELD} BETWEEN ? AND ?"
        (born,) = connection.execute(query, (now_wall_ns - hold_ns + 1, now_wall_ns)).fetchone()
    return None if born is None else born + hold_ns


def _is_new(connection: sqlite3.Connection, run_id: str) -> bool:
    new = connection.execute("INSERT OR IGNORE INTO counted_run VALUES (?)", (run_id,))
    return new.rowcount == 1


def _stored(connection: sqlite3.Connection, *, now_wall_ns: int, hold_ns: int) -> Iterator[Series]:
    for metric, labels, kind, born, at, value, observations, buckets in connection.execute(
        "SELECT metric, labels, kind, born_wall_ns, at_wall_ns, value, observations, buckets "
        "FROM series"
    ):
        # a clock that was put back must not hide a counter: its birth is then ahead of us
        held = kind != "gauge" and born <= now_wall_ns < born + hold_ns
        shown: float | Distribution = 0.0 if held else value
        if kind == "histogram":
            counts = tuple(json.loads(buckets))
            shown = Distribution(
                instruments.DURATION_BOUNDS_S,
                (0,) * len(counts) if held else counts,
                0 if held else observations,
                0.0 if held else value,
            )
        yield Series(metric, decoded(labels), shown, born, at)
