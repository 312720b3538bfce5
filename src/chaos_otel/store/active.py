"""Runs that have said that they are under way. Whether one still lives is not known here."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from chaos_otel.store.database import Database

# a row whose run was never closed (its folder is gone) has been of no use for long
_FORGET_NS: Final = 90 * 86_400 * 10**9


class ActiveRun(NamedTuple):
    """`folder` is where its journal and its lock lie; `script` and `environment` are label
    values."""

    run_id: str
    folder: str
    script: str
    environment: str
    started_wall_ns: int


def begin_run(database: Database, run: ActiveRun) -> None:
    """Say that it is under way, or that it has another name now; nothing for one that was counted
    already. StateError where it cannot be written."""
    with database.writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO active_run SELECT ?, ?, ?, ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM counted_run WHERE run_id = ?)",
            (*run, run.run_id),
        )
        before = (run.started_wall_ns - _FORGET_NS,)
        connection.execute("DELETE FROM active_run WHERE started_wall_ns < ?", before)


def end_run(connection: sqlite3.Connection, run_id: str) -> None:
    """It is over, within a transaction of the caller."""
    connection.execute("DELETE FROM active_run WHERE run_id = ?", (run_id,))


def under_way(connection: sqlite3.Connection) -> list[ActiveRun]:
    """Those that nobody has ended, the oldest first."""
    query = "SELECT * FROM active_run ORDER BY started_wall_ns, run_id"
    return [ActiveRun(*row) for row in connection.execute(query)]
