"""The store's file: one SQLite database, private, in which each table belongs to one module.

Knows no table. Every write is one `BEGIN IMMEDIATE` transaction, so that writers of any number of
processes wait for each other instead of failing halfway.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from chaos_otel.config.folders import open_private, private_folder
from chaos_otel.errors import StateError

FILE = "store.db"
BUSY_S = 30.0


class Database:
    """One connection, for one thread. Owns it."""

    def __init__(self, state_folder: str, *, busy_s: float = BUSY_S) -> None:
        """Open or make STATE/store.db; StateError where it cannot be used or is damaged."""
        path = f"{private_folder(state_folder)}/{FILE}"
        os.close(open_private(path, os.O_RDWR | os.O_CREAT))
        try:
            self._connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error as error:
            raise _state_error(path, error) from error
        self.path = path

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is written, or nothing. StateError where it cannot be."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _state_error(self.path, error) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the whole store, whatever others write meanwhile."""
        try:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _state_error(self.path, error) from error


def _state_error(path: str, error: sqlite3.Error) -> StateError:
    return StateError(
        f"cannot use the store {path} ({error})",
        hint="chaos-otel reset moves a damaged one away; the runs are in their journals",
    )
