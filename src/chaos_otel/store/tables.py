"""What the store's file looks like: every table, and which module it belongs to.

A change that an older version could not read or write gets a new VERSION and a step in
`database.py`.
"""

from __future__ import annotations

from typing import Final

# "chot": tells our file from any other SQLite database
APPLICATION_ID: Final = 0x63686F74
VERSION: Final = 1

TABLES: Final = (
    # counters.py. Labels are JSON, [[name, value], …] sorted by name. `value` is a counter's or a
    # gauge's, or the sum of a histogram, whose `buckets` are a JSON list, not cumulative, for
    # instruments.DURATION_BOUNDS_S and what is above. No row is ever deleted.
    """
    CREATE TABLE series (
        metric TEXT NOT NULL,
        labels TEXT NOT NULL,
        kind TEXT NOT NULL,
        born_wall_ns INTEGER NOT NULL,
        at_wall_ns INTEGER NOT NULL,
        set_wall_ns INTEGER NOT NULL DEFAULT 0,
        value REAL NOT NULL,
        observations INTEGER NOT NULL DEFAULT 0,
        buckets TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (metric, labels)
    ) WITHOUT ROWID
    """,
    # counters.py. A run is in here or has not been counted. Kept for good, some 40 bytes a run: a
    # journal or a document may come back at any time.
    """
    CREATE TABLE counted_run (run_id TEXT PRIMARY KEY) WITHOUT ROWID
    """,
    # active.py. Runs that said that they are under way; whether they still are, their lock tells.
    """
    CREATE TABLE active_run (
        run_id TEXT PRIMARY KEY,
        folder TEXT NOT NULL,
        script TEXT NOT NULL,
        environment TEXT NOT NULL,
        started_wall_ns INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    # instance.py. One row.
    """
    CREATE TABLE instance (id TEXT NOT NULL)
    """,
    # rewrites.py. What shows held series and is to be written again when they have settled.
    """
    CREATE TABLE rewrite (
        kind TEXT NOT NULL,
        place TEXT NOT NULL,
        hold_s REAL NOT NULL,
        due_wall_ns INTEGER NOT NULL,
        insecure INTEGER NOT NULL,
        PRIMARY KEY (kind, place)
    ) WITHOUT ROWID
    """,
    # outbox.py. How far a run has come at a destination.
    """
    CREATE TABLE cursor (
        destination TEXT NOT NULL,
        run_id TEXT NOT NULL,
        spans INTEGER NOT NULL DEFAULT 0,
        logs INTEGER NOT NULL DEFAULT 0,
        documents INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'waiting',
        waiting_bytes INTEGER NOT NULL DEFAULT 0,
        created_wall_ns INTEGER NOT NULL,
        PRIMARY KEY (destination, run_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX cursor_waiting ON cursor (destination, created_wall_ns) WHERE state = 'waiting'",
    "CREATE INDEX cursor_run ON cursor (run_id)",
    # destinations.py. How a destination is, and its rate limit's bucket.
    """
    CREATE TABLE destination (
        key TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_try_wall_ns INTEGER NOT NULL,
        last_error TEXT NOT NULL,
        last_error_wall_ns INTEGER NOT NULL,
        last_success_wall_ns INTEGER NOT NULL,
        fingerprint TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE bucket (
        key TEXT PRIMARY KEY,
        requests REAL NOT NULL,
        bytes REAL NOT NULL,
        at_wall_ns INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    # dead_letters.py. A record that a destination refused for what it is, rendered and redacted.
    """
    CREATE TABLE dead_letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        destination TEXT NOT NULL,
        run_id TEXT NOT NULL,
        signal TEXT NOT NULL,
        digest BLOB NOT NULL,
        record BLOB NOT NULL,
        reason TEXT NOT NULL,
        at_wall_ns INTEGER NOT NULL,
        again INTEGER NOT NULL DEFAULT 0,
        UNIQUE (destination, signal, digest)
    )
    """,
)
