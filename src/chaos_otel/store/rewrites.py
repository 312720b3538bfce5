"""Files and pushes that show series held at 0, and are to be written again when that ends.

Knows when and what, not how anything is written.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from chaos_otel.store.database import Database

OutletKind: TypeAlias = Literal["textfile", "pushgateway", "otlp"]


class Rewrite(NamedTuple):
    """`place` is a folder, an address or a destination (without secrets); `hold_s` is how long this
    outlet holds a new series at 0. `insecure`: plain text off loopback was allowed."""

    kind: OutletKind
    place: str
    hold_s: float
    due_wall_ns: int
    insecure: bool = False


def want_rewrite(database: Database, rewrite: Rewrite) -> None:
    """Have it written again at that time: once, however often it is wanted, and not earlier than
    was said last. StateError where it cannot be noted."""
    with database.writing() as connection:
        connection.execute("INSERT OR REPLACE INTO rewrite VALUES (?, ?, ?, ?, ?)", rewrite)


def rewrites(database: Database) -> list[Rewrite]:
    """All that are wanted, the next one first."""
    with database.reading() as connection:
        rows = connection.execute("SELECT * FROM rewrite ORDER BY due_wall_ns, kind, place")
        return [
            Rewrite(kind, place, hold_s, due, bool(insecure))
            for kind, place, hold_s, due, insecure in rows
        ]


def forget_rewrite(database: Database, rewrite: Rewrite) -> None:
    """It is done, or cannot be; one that was wanted anew meanwhile stays."""
    with database.writing() as connection:
        connection.execute(
            "DELETE FROM rewrite WHERE kind = ? AND place = ? AND due_wall_ns = ?",
            (rewrite.kind, rewrite.place, rewrite.due_wall_ns),
        )
