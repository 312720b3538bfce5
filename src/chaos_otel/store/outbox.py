"""How far each run has come at each destination. The runs themselves are in their journals."""

from __future__ import annotations

import sqlite3
from typing import Final, Literal, NamedTuple, TypeAlias

from chaos_otel import instruments, semconv
from chaos_otel.measures import Increment
from chaos_otel.store.database import Database
from chaos_otel.store.series_rows import apply

CursorState: TypeAlias = Literal["waiting", "finished", "dropped"]
_SELECT: Final = (
    "SELECT destination, run_id, spans, logs, documents, state, waiting_bytes, created_wall_ns "
    "FROM cursor"
)


class Cursor(NamedTuple):
    """What a destination has acknowledged of a run, as the ordinals of the fold: that many spans,
    log records and documents. `waiting_bytes` is the size of the journal; `created_wall_ns` is
    since when it waits."""

    destination: str
    run_id: str
    spans: int = 0
    logs: int = 0
    documents: int = 0
    state: CursorState = "waiting"
    waiting_bytes: int = 0
    created_wall_ns: int = 0


def open_cursor(
    database: Database, destination: str, run_id: str, *, waiting_bytes: int, now_wall_ns: int
) -> Cursor:
    """The cursor as it stands, in whatever state; a new one at the start of the run if there is
    none."""
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO cursor (destination, run_id, waiting_bytes, created_wall_ns) "
            "VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET waiting_bytes = excluded.waiting_bytes",
            (destination, run_id, waiting_bytes, now_wall_ns),
        )
        return _read(connection, destination, run_id)


def advance(
    database: Database,
    cursor: Cursor,
    *,
    spans: int | None = None,
    logs: int | None = None,
    documents: int | None = None,
) -> Cursor:
    """This much is acknowledged now, in all. Never goes back: the farthest of two writers stays."""
    reached = (
        cursor.spans if spans is None else spans,
        cursor.logs if logs is None else logs,
        cursor.documents if documents is None else documents,
    )
    with database.writing() as connection:
        connection.execute(
            "UPDATE cursor SET spans = max(spans, ?), logs = max(logs, ?), "
            "documents = max(documents, ?) WHERE destination = ? AND run_id = ?",
            (*reached, cursor.destination, cursor.run_id),
        )
        return _read(connection, cursor.destination, cursor.run_id)


def finish(database: Database, cursor: Cursor) -> None:
    """All of the run is acknowledged; the row stays, so that it is not sent again."""
    with database.writing() as connection:
        connection.execute(
            "UPDATE cursor SET state = 'finished', waiting_bytes = 0 "
            "WHERE destination = ? AND run_id = ?",
            (cursor.destination, cursor.run_id),
        )


def waiting(database: Database, destination: str | None = None) -> list[Cursor]:
    """What is not acknowledged, the oldest first; of one destination or of all."""
    with database.reading() as connection:
        rows = connection.execute(
            f"{_SELECT} WHERE state = 'waiting' AND ? IN ('', destination) "
            "ORDER BY created_wall_ns, run_id, destination",
            (destination or "",),
        )
        return [Cursor(*row) for row in rows]


def cursors_of(database: Database, run_id: str) -> dict[str, Cursor]:
    """A run's cursors by destination, in whatever state."""
    with database.reading() as connection:
        rows = connection.execute(f"{_SELECT} WHERE run_id = ?", (run_id,))
        return {row[0]: Cursor(*row) for row in rows}


def drop(
    database: Database, destination: str, run_id: str, *, reason: str, now_wall_ns: int
) -> bool:
    """Give up what waits of a run there; counted in chaos.otel.dropped under `reason`. False, and
    not counted, if it was given up before."""
    with database.writing() as connection:
        row = connection.execute(
            "SELECT state FROM cursor WHERE destination = ? AND run_id = ?", (destination, run_id)
        ).fetchone()
        if row is not None and row[0] != "waiting":
            return False
        connection.execute(
            "INSERT INTO cursor (destination, run_id, state, created_wall_ns) "
            "VALUES (?, ?, 'dropped', ?) "
            "ON CONFLICT DO UPDATE SET state = 'dropped', waiting_bytes = 0",
            (destination, run_id, now_wall_ns),
        )
        labels = ((semconv.LABEL_REASON, reason),)
        dropped = Increment(instruments.SELF_DROPPED.name, labels, 1)
        apply(connection, [dropped], now_wall_ns=now_wall_ns)
        return True


def forget(database: Database, *, before_wall_ns: int) -> int:
    """Let go of cursors that do not wait and are older: their journals are gone."""
    with database.writing() as connection:
        gone = connection.execute(
            "DELETE FROM cursor WHERE state != 'waiting' AND created_wall_ns < ?",
            (before_wall_ns,),
        )
        return gone.rowcount


def _read(connection: sqlite3.Connection, destination: str, run_id: str) -> Cursor:
    row = connection.execute(
        f"{_SELECT} WHERE destination = ? AND run_id = ?", (destination, run_id)
    ).fetchone()
    return Cursor(*row) if row is not None else Cursor(destination, run_id)
