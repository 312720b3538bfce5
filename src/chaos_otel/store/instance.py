"""The name of this installation among all that send to the same place. Says nothing of its host."""

from __future__ import annotations

from uuid import uuid4

from chaos_otel.store.database import Database


def instance_id(database: Database) -> str:
    """A random UUID, made once and kept with the counters: who loses them gets a new one, so that
    they begin again under another name."""
    with database.reading() as connection:
        row = connection.execute("SELECT id FROM instance").fetchone()
    if row is not None:
        return str(row[0])
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO instance SELECT ? WHERE NOT EXISTS (SELECT 1 FROM instance)",
            (str(uuid4()),),
        )
        return str(connection.execute("SELECT id FROM instance").fetchone()[0])
