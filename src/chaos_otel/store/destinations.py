"""How each destination is: ready, waiting or paused, and what its rate limit leaves. Kept here, so
that a wait that one process was asked for is honoured by the next."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from chaos_otel.store.database import Database

_S: Final = 10**9


class DestinationState(NamedTuple):
    """`reason` says why it does not get anything now; `attempts` how often in a row it has failed.
    `fingerprint` is of the settings it was paused under: others may help. Times are 0 for
    never."""

    key: str
    state: Literal["ready", "waiting", "paused"] = "ready"
    reason: str = ""
    attempts: int = 0
    next_try_wall_ns: int = 0
    last_error: str = ""
    last_error_wall_ns: int = 0
    last_success_wall_ns: int = 0
    fingerprint: str = ""


class RateLimit(NamedTuple):
    """At most this many a second; 0 for no limit."""

    requests_per_s: float = 0.0
    bytes_per_s: float = 0.0


def load_state(database: Database, key: str) -> DestinationState:
    """What is known of a destination; ready, if nothing is."""
    with database.reading() as connection:
        row = connection.execute("SELECT * FROM destination WHERE key = ?", (key,)).fetchone()
    return DestinationState(*row) if row is not None else DestinationState(key)


def load_states(database: Database) -> list[DestinationState]:
    """All destinations of which something is known, by key."""
    with database.reading() as connection:
        rows = connection.execute("SELECT * FROM destination ORDER BY key").fetchall()
    return [DestinationState(*row) for row in rows]


def save_state(database: Database, state: DestinationState) -> None:
    """From now on it is so."""
    with database.writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO destination VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", state
        )


def make_ready(database: Database, key: str) -> bool:
    """Try it again at once, whatever it said; whether that changes anything. Its last error and
    success stay known."""
    with database.writing() as connection:
        changed = connection.execute(
            "UPDATE destination SET state = 'ready', reason = '', attempts = 0, "
            "next_try_wall_ns = 0, fingerprint = '' "
            "WHERE key = ? AND (state != 'ready' OR next_try_wall_ns != 0)",
            (key,),
        )
        return changed.rowcount > 0


def take(
    database: Database,
    key: str,
    *,
    size_bytes: int,
    limit: RateLimit,
    now_wall_ns: int,
) -> float:
    """Take this much of what the rate limit leaves: 0.0 if it was taken, else how many seconds to
    wait before asking again.

    Two buckets that hold a second's worth. One that is not empty gives all that is asked for, and
    owes the rest: a request larger than a second's bytes goes, and the next one waits.
    """
    if not (limit.requests_per_s or limit.bytes_per_s):
        return 0.0
    full = (max(1.0, limit.requests_per_s), max(1.0, limit.bytes_per_s))
    with database.writing() as connection:
        row = connection.execute("SELECT * FROM bucket WHERE key = ?", (key,)).fetchone()
        left_requests, left_bytes, at = full[0], full[1], now_wall_ns
        if row is not None:
            _, left_requests, left_bytes, at = row
        # a clock that was put back gives nothing, and takes nothing
        passed_s = max(0, now_wall_ns - at) / _S
        left_requests = min(full[0], left_requests + passed_s * limit.requests_per_s)
        left_bytes = min(full[1], left_bytes + passed_s * limit.bytes_per_s)
        wait_s = max(
            (1 - left_requests) / limit.requests_per_s if limit.requests_per_s else 0.0,
            (1 - left_bytes) / limit.bytes_per_s if limit.bytes_per_s else 0.0,
        )
        if wait_s <= 1e-9:
            left_requests -= 1
            left_bytes -= size_bytes
        connection.execute(
            "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?)",
            (key, left_requests, left_bytes, now_wall_ns),
        )
    return wait_s if wait_s > 1e-9 else 0.0
