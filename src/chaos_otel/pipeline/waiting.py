"""Which runs still wait for which destination, and how they cease to: delivered, dropped, too old.

The runs' folders say what waits (`destinations_file`), the store how far each has come. Where the
two differ a run is delivered once more, with the same ids, rather than not at all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import NamedTuple

from chaos_otel import instruments, semconv
from chaos_otel.config.destination import Destination, address_of
from chaos_otel.measures import Increment
from chaos_otel.pipeline.destinations_file import (
    FORWARD,
    read_destinations,
    waits,
    write_destinations,
)
from chaos_otel.pipeline.run_folder import JOURNAL
from chaos_otel.pipeline.stored_runs import run_ids
from chaos_otel.privacy.retention import WaitingRun as Aged
from chaos_otel.privacy.retention import overdue
from chaos_otel.store.counters import add
from chaos_otel.store.database import Database
from chaos_otel.store.dead_letters import DeadLetter, remove_letters
from chaos_otel.store.outbox import Cursor, cursors_of, drop


class WaitingRun(NamedTuple):
    """A run that a destination has not got whole. `cursor` is None where nothing was sent yet.
    `since_wall_ns` is when it began to wait: just before its command started."""

    run_id: str
    destination: Destination
    folder: str
    size_bytes: int
    since_wall_ns: int
    cursor: Cursor | None = None


def waiting_folders(runs: str) -> list[str]:
    """The folders of the runs that wait for anything, the oldest first."""
    return [f"{runs}/{one}" for one in run_ids(runs) if waits(f"{runs}/{one}")]


def waiting_runs(runs: str, database: Database | None, key: str = "") -> list[WaitingRun]:
    """What waits, the oldest first: a line for each run and destination (or that with this key).

    Without a store everything counts as not sent.
    """
    return [one for folder in waiting_folders(runs) for one in _of(folder, database, key)]


def finish_run(folder: str, database: Database) -> bool:
    """Let go of the run's list once every destination has finished it; whether it has."""
    wanted = read_destinations(folder)
    cursors = cursors_of(database, os.path.basename(folder))
    finished = all(one.key in cursors and cursors[one.key].state != "waiting" for one in wanted)
    if not wanted or not finished:
        return False
    write_destinations(folder, ())
    return True


def drop_waiting(
    runs: str,
    database: Database,
    key: str,
    *,
    now_wall_ns: int,
    run_id: str = "",
    reason: str = "dropped",
) -> int:
    """Give up what waits for a destination, by its key or its address (the key's first two words):
    all of it, or of one run. Returns of how many runs; counted under `reason`.

    A run that is under way notices and sends no more there.
    """
    given_up = 0
    for folder in [f"{runs}/{run_id}"] if run_id else waiting_folders(runs):
        wanted = read_destinations(folder)
        going = [one.key for one in wanted if _is_meant(one.key, key)]
        for one in going:
            name = os.path.basename(folder)
            given_up += drop(database, one, name, reason=reason, now_wall_ns=now_wall_ns)
        if going:
            kept = [one.to_json() for one in wanted if one.key not in going]
            write_destinations(folder, kept)
    return given_up


def drop_letters(
    database: Database,
    letters: Iterable[DeadLetter],
    *,
    now_wall_ns: int,
    reason: str = "dropped",
) -> int:
    """Give up records that were refused; how many there were. Counted under `reason`."""
    removed = remove_letters(database, [letter.number for letter in letters])
    if removed:
        labels = ((semconv.LABEL_REASON, reason),)
        gone = Increment(instruments.SELF_DROPPED.name, labels, removed)
        add(database, [gone], now_wall_ns=now_wall_ns)
    return removed


def let_go(
    runs: str, database: Database, *, now_wall_ns: int, max_age_s: float, max_bytes: int
) -> int:
    """Give up what has waited too long, and the oldest of what is too much; returns how many runs
    were given up for some destination. Counted."""
    found = [
        Aged(os.path.basename(folder), _size_bytes(folder), _since_wall_ns(folder) / 1e9)
        for folder in waiting_folders(runs)
    ]
    going = overdue(found, now_wall_s=now_wall_ns / 1e9, max_age_s=max_age_s, max_bytes=max_bytes)
    for run_ids_, reason in ((going.too_old, "outbox_age"), (going.too_many, "outbox_size")):
        for run_id in run_ids_:
            _give_up(f"{runs}/{run_id}", database, now_wall_ns=now_wall_ns, reason=reason)
    return len(going.too_old) + len(going.too_many)


def _give_up(folder: str, database: Database, *, now_wall_ns: int, reason: str) -> None:
    run_id = os.path.basename(folder)
    for one in read_destinations(folder):
        drop(database, one.key, run_id, reason=reason, now_wall_ns=now_wall_ns)
    write_destinations(folder, ())


def _of(folder: str, database: Database | None, key: str) -> list[WaitingRun]:
    run_id = os.path.basename(folder)
    wanted = [one for one in read_destinations(folder) if not key or one.key == key]
    cursors = cursors_of(database, run_id) if database is not None else {}
    size_bytes, since_wall_ns = _size_bytes(folder), _since_wall_ns(folder)
    return [
        WaitingRun(run_id, one, folder, size_bytes, since_wall_ns, cursors.get(one.key))
        for one in wanted
        if one.key not in cursors or cursors[one.key].state == "waiting"
    ]


def _is_meant(key: str, said: str) -> bool:
    return said in (key, address_of(key))


def _since_wall_ns(folder: str) -> int:
    """One that has gone meanwhile began to wait just now."""
    try:
        return os.lstat(f"{folder}/{FORWARD}").st_mtime_ns
    except OSError:
        return time.time_ns()


def _size_bytes(folder: str) -> int:
    try:
        return os.lstat(f"{folder}/{JOURNAL}").st_size
    except OSError:
        return 0
