"""Records that a destination refused for what they are, kept with the reason until somebody has
them sent again or drops them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from chaos_otel import instruments, semconv
from chaos_otel.config.destination import Signal
from chaos_otel.measures import Increment
from chaos_otel.store.database import Database
from chaos_otel.store.series_rows import apply

LETTERS_MAX: Final = 10_000
REASON_CHARACTERS: Final = 1_000
_SELECT: Final = (
    "SELECT number, destination, run_id, signal, record, reason, at_wall_ns, again FROM dead_letter"
)


class DeadLetter(NamedTuple):
    """`record` is what was refused: the body of a request with it alone in it. `again`: it is sent
    once more at the next delivery."""

    number: int
    destination: str
    run_id: str
    signal: Signal
    record: bytes
    reason: str
    at_wall_ns: int
    again: bool = False


def bury(
    database: Database,
    destination: str,
    run_id: str,
    *,
    signal: Signal,
    record: bytes,
    reason: str,
    now_wall_ns: int,
) -> None:
    """Keep a record that was refused. The same one again is no second one. Of more than LETTERS_MAX
    at a destination the oldest goes, counted in chaos.otel.dropped."""
    digest = blake2b(record, digest_size=16).digest()
    with database.writing() as connection:
        known = connection.execute(
            "UPDATE dead_letter SET again = 0, reason = ?, at_wall_ns = ? "
            "WHERE destination = ? AND signal = ? AND digest = ?",
            (reason[:REASON_CHARACTERS], now_wall_ns, destination, signal, digest),
        ).rowcount
        if known:
            return
        connection.execute(
            "INSERT INTO dead_letter "
            "(destination, run_id, signal, digest, record, reason, at_wall_ns) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(destination, run_id, signal, digest, record),
                *(reason[:REASON_CHARACTERS], now_wall_ns),
            ),
        )
        where = ((semconv.LABEL_DESTINATION, destination), (semconv.LABEL_SIGNAL, signal))
        measures = [Increment(instruments.SELF_DEAD_LETTERS.name, where, 1)]
        if lost := _make_room(connection, destination):
            why = ((semconv.LABEL_REASON, "dead_letters_full"),)
            measures.append(Increment(instruments.SELF_DROPPED.name, why, lost))
        apply(connection, measures, now_wall_ns=now_wall_ns)


def dead_letters(
    database: Database, destination: str | None = None, *, run_id: str = "", limit: int = -1
) -> list[DeadLetter]:
    """Those that lie there, the oldest first; at most `limit` of them if that is not negative."""
    with database.reading() as connection:
        rows = connection.execute(
            f"{_SELECT} WHERE ? IN ('', destination) AND ? IN ('', run_id) ORDER BY number LIMIT ?",
            (destination or "", run_id, limit),
        )
        return [_letter(row) for row in rows]


def count_letters(database: Database) -> dict[str, int]:
    """How many lie there, by destination."""
    with database.reading() as connection:
        return dict(
            connection.execute(
                "SELECT destination, count(*) FROM dead_letter "
                "GROUP BY destination ORDER BY destination"
            ).fetchall()
        )


def unbury(database: Database, destination: str) -> int:
    """Have all of a destination's sent again; how many."""
    with database.writing() as connection:
        return connection.execute(
            "UPDATE dead_letter SET again = 1 WHERE NOT again AND destination = ?", (destination,)
        ).rowcount


def to_send_again(database: Database, destination: str, *, limit: int = -1) -> list[DeadLetter]:
    """Those that were unburied and not sent yet, the oldest first."""
    with database.reading() as connection:
        rows = connection.execute(
            f"{_SELECT} WHERE again AND destination = ? ORDER BY number LIMIT ?",
            (destination, limit),
        )
        return [_letter(row) for row in rows]


def remove_letters(database: Database, numbers: Iterable[int]) -> int:
    """They have been delivered, or nobody wants them; how many there were."""
    with database.writing() as connection:
        return sum(
            connection.execute("DELETE FROM dead_letter WHERE number = ?", (number,)).rowcount
            for number in numbers
        )


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    return DeadLetter(*row)._replace(again=bool(row[-1]))


def _make_room(connection: sqlite3.Connection, destination: str) -> int:
    return connection.execute(
        "DELETE FROM dead_letter WHERE destination = ? AND number <= ("
        "SELECT number FROM dead_letter WHERE destination = ? "
        "ORDER BY number DESC LIMIT 1 OFFSET ?)",
        (destination, destination, LETTERS_MAX),
    ).rowcount
