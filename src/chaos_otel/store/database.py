"""The store's file: one SQLite database, private, in which each table belongs to one module.

Every write is one `BEGIN IMMEDIATE` transaction, so that writers of any number of processes wait
for each other instead of failing halfway. Knows of the tables only that they are there.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from chaos_otel.config.folders import open_private, private_folder, quarantine, stamp
from chaos_otel.errors import StateError, StoreBusyError, StoreVersionError
from chaos_otel.store.tables import APPLICATION_ID, TABLES, VERSION

FILE: Final = "store.db"
# SQLite's own, beside it
COMPANIONS: Final = ("-wal", "-shm", "-journal")
BUSY_S: Final = 30.0
_MOVE_HINT: Final = "chaos-otel reset moves a damaged one away; the runs are in their journals"
_AGAIN_S: Final = 0.01
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def quarantine_store(state_folder: str, *, wall_ns: int) -> str:
    """Move a damaged store away with all that belongs to it; where it is now. StateError where it
    cannot be moved."""
    path = f"{state_folder}/{FILE}"
    # its companions first: a new store must not find the log of an old one beside itself
    for end in COMPANIONS:
        if os.path.lexists(path + end):
            os.rename(path + end, f"{path}.corrupt-{stamp(wall_ns)}{end}")
    return quarantine(path, wall_ns=wall_ns)


class Database:
    """One connection, for one thread. Owns it."""

    def __init__(self, state_folder: str, *, busy_s: float = BUSY_S) -> None:
        """Open or make STATE/store.db; StateError where it cannot be used or is damaged.

        Nothing here or later waits longer than `busy_s` for other writers: StoreBusyError then.
        """
        self.path = f"{private_folder(state_folder)}/{FILE}"
        _make_private(self.path)
        try:
            self._connection = sqlite3.connect(self.path, timeout=busy_s, isolation_level=None)
            try:
                self._prepare(until_s=time.monotonic() + busy_s)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise _state_error(self.path, error) from error

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
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _state_error(self.path, error) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the whole store, whatever others write meanwhile."""
        connection = self._connection
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _state_error(self.path, error) from error

    def check(self) -> None:
        """Read all of it; StateError where it is damaged."""
        with self.reading() as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise StateError(f"the store {self.path} is damaged ({found})", hint=_MOVE_HINT)

    def _prepare(self, *, until_s: float) -> None:
        connection = self._connection
        connection.execute("PRAGMA foreign_keys=ON")
        _write_ahead(connection, until_s=until_s)
        connection.execute("PRAGMA synchronous=NORMAL")
        if _version(connection) != VERSION:
            with self.writing():
                _make_tables(connection, self.path)


def _make_private(path: str) -> None:
    """Have an empty file of ours at `path`, or see that there is one.

    Never opens one that is there: to close any descriptor of it would release the locks of the
    other connections of this process (fcntl's rule, and SQLite's best known trap).
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        fresh = f"{path}.{os.getpid()}-{time.monotonic_ns()}"
        os.close(open_private(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was faster
        except OSError as error:
            raise StateError(f"cannot make the store {path} ({error.strerror})") from error
        finally:
            os.unlink(fresh)
        return
    except OSError as error:
        raise StateError(f"cannot use the store {path} ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        raise StateError(f"the store {path} is not a file of ours", hint="move it away")
    if stat.S_IMODE(status.st_mode) & 0o077:
        os.chmod(path, 0o600)


def _write_ahead(connection: sqlite3.Connection, *, until_s: float) -> None:
    """Readers then do not wait for writers. Turning it on does not honour the timeout, so processes
    that make the store at the same moment try again."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > until_s:
                raise
            time.sleep(_AGAIN_S)


def _version(connection: sqlite3.Connection) -> int:
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) if ours else 0


def _make_tables(connection: sqlite3.Connection, path: str) -> None:
    """All tables, once; StateError for a file that is another program's or a later version's."""
    version = _version(connection)
    if version == VERSION:
        return
    if version > VERSION:
        raise StoreVersionError(
            f"the store {path} was made by a later version of chaos-otel", hint="upgrade this one"
        )
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StateError(f"{path} is another program's database", hint="chaos-otel reset moves it")
    for statement in TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")


def _is_busy(error: sqlite3.Error) -> bool:
    # the low byte: SQLite says in the others how it came to be
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def _state_error(path: str, error: sqlite3.Error) -> StateError:
    if _is_busy(error):
        return StoreBusyError(f"the store {path} is in use by others", hint="try again later")
    return StateError(f"cannot use the store {path} ({error})", hint=_MOVE_HINT)
