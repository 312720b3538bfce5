"""The store's file: private, whole transactions, and a plain word for whatever is wrong with it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos_otel.errors import StateError, StoreBusyError, StoreVersionError
from chaos_otel.store.database import Database, quarantine_store
from chaos_otel.store.tables import VERSION


def test_only_its_user_can_read_the_store_and_what_sqlite_puts_beside_it(state: str) -> None:
    """Counters name scripts and hosts: the file, its log and its index are 0600."""
    with Database(state) as database, database.writing() as connection:
        connection.execute("INSERT INTO instance VALUES ('x')")
        modes = {path.name: path.stat().st_mode & 0o777 for path in Path(state).iterdir()}
    assert {"store.db", "store.db-wal", "store.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_store_that_others_could_read_is_closed_to_them(state: str) -> None:
    """A file whose mode somebody has widened is narrowed again when it is opened."""
    Database(state).close()
    os.chmod(f"{state}/store.db", 0o644)
    Database(state).close()
    assert Path(f"{state}/store.db").stat().st_mode & 0o777 == 0o600


def test_a_failure_within_a_transaction_leaves_nothing(database: Database) -> None:
    """All of a transaction is written, or nothing."""
    with pytest.raises(ValueError, match="halfway"), database.writing() as connection:
        connection.execute("INSERT INTO instance VALUES ('x')")
        raise ValueError("halfway")
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM instance").fetchone() == (0,)


def test_a_second_connection_does_not_release_the_locks_of_the_first(state: str) -> None:
    """Closing any descriptor of a file drops a process's locks on it: opening the store again in
    the same process must not let another process believe that nobody uses it."""
    with Database(state) as first:
        first_view = first.reading()
        connection = first_view.__enter__()
        connection.execute("SELECT count(*) FROM instance").fetchone()
        Database(state).close()
        other = f"""
import sqlite3
connection = sqlite3.connect({state + "/store.db"!r}, timeout=0, isolation_level=None)
connection.execute("PRAGMA locking_mode=EXCLUSIVE")
try:
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("BEGIN EXCLUSIVE")
except sqlite3.OperationalError as error:
    print(error)
"""
        said = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True)
        first_view.__exit__(None, None, None)
    assert "locked" in said.stdout, said


def test_a_store_that_is_in_use_for_long_is_busy_and_not_broken(state: str) -> None:
    """Who waits no longer for another writer gets an error of its own kind, after its patience and
    not much later."""
    with Database(state) as holder, holder.writing(), Database(state, busy_s=0.2) as waiting:
        began_s = time.monotonic()
        with pytest.raises(StoreBusyError, match="in use"), waiting.writing():
            pass
        assert time.monotonic() - began_s >= 0.2


def test_readers_do_not_wait_for_a_writer(state: str) -> None:
    """A scrape sees the store as it was while a run is being counted."""
    with (
        Database(state) as writer,
        Database(state, busy_s=0.0) as reader,
        writer.writing() as connection,
        reader.reading() as seen,
    ):
        connection.execute("INSERT INTO instance VALUES ('x')")
        assert seen.execute("SELECT count(*) FROM instance").fetchone() == (0,)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\0" * 8192])
def test_what_is_no_database_is_refused_in_words(state: str, content: bytes) -> None:
    """A damaged store is a StateError that names the file and the way out."""
    Database(state).close()
    Path(f"{state}/store.db").write_bytes(content)
    with pytest.raises(StateError, match=r"store\.db.*chaos-otel reset"):
        Database(state).check()


def test_damage_inside_is_found(database: Database, state: str) -> None:
    """Pages that were overwritten are found by looking through, if not before."""
    with database.writing() as connection:
        connection.executemany(
            "INSERT INTO counted_run VALUES (?)", [(f"{n:032x}",) for n in range(5000)]
        )
    database.close()
    with open(f"{state}/store.db", "r+b") as file:
        file.seek(3 * 4096)
        file.write(os.urandom(20 * 4096))
    with pytest.raises(StateError, match="store"), Database(state) as damaged:
        damaged.check()


def test_another_programs_database_is_left_alone(state: str) -> None:
    """A SQLite file that is not ours gets no table of ours."""
    os.makedirs(state, mode=0o700)
    with sqlite3.connect(f"{state}/store.db") as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(StateError, match="another program's"):
        Database(state)
    with sqlite3.connect(f"{state}/store.db") as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    other.close()


def test_a_later_versions_store_is_refused_and_is_no_damage(state: str) -> None:
    """Who goes back to an older version is told so; nothing is moved away or written."""
    Database(state).close()
    with sqlite3.connect(f"{state}/store.db") as later:
        later.execute(f"PRAGMA user_version={VERSION + 1}")
    later.close()
    with pytest.raises(StoreVersionError, match="later version"):
        Database(state)


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_what_stands_in_the_stores_place_is_not_followed(state: str, kind: str) -> None:
    """A link, a folder or a FIFO is refused, and what a link points to is not touched."""
    os.makedirs(state, mode=0o700)
    path, target = f"{state}/store.db", f"{state}/target"
    if kind == "link":
        Path(target).write_bytes(b"")
        os.symlink(target, path)
    elif kind == "folder":
        os.mkdir(path)
    else:
        os.mkfifo(path)
    with pytest.raises(StateError, match="not a file of ours"):
        Database(state)
    assert kind != "link" or Path(target).read_bytes() == b""


def test_a_full_disk_is_an_error_in_words_and_leaves_the_store_whole(state: str) -> None:
    """What did not fit is not there, what was there still is."""
    script = f"""
import resource, signal
from chaos_otel.errors import StateError
from chaos_otel.store.database import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
database = Database({state!r})
with database.writing() as connection:
    connection.execute("INSERT INTO counted_run VALUES ('first')")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with database.writing() as connection:
        connection.executemany(
            "INSERT INTO counted_run VALUES (?)", [(str(n) * 9,) for n in range(40_000)]
        )
except StateError as error:
    print("refused:", error)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert said.stdout.startswith("refused: cannot use the store"), said
    with Database(state) as database, database.reading() as connection:
        assert connection.execute("SELECT * FROM counted_run").fetchall() == [("first",)]


def test_a_damaged_store_is_moved_away_with_all_that_belongs_to_it(state: str) -> None:
    """A new store must not find the old one's log beside itself."""
    Database(state).close()
    Path(f"{state}/store.db-wal").write_bytes(b"old log")
    aside = quarantine_store(state, wall_ns=0)
    assert aside == f"{state}/store.db.corrupt-19700101T000000"
    assert Path(f"{aside}-wal").read_bytes() == b"old log"
    assert sorted(os.listdir(state)) == [Path(aside).name, Path(f"{aside}-wal").name]
    Database(state).close()


def test_forty_processes_may_make_the_store_at_once(state: str, tmp_path: Path) -> None:
    """The first users of a machine's store may all come at the same moment."""
    script = f"from chaos_otel.store.database import Database; Database({state!r}).close()"
    running = [
        subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(40)
    ]
    failures = [one.communicate()[1].decode() for one in running]
    assert [one.returncode for one in running] == [0] * 40, "".join(failures)
    with Database(state) as database:
        database.check()


def test_a_writer_that_is_killed_leaves_all_of_a_transaction_or_nothing(state: str) -> None:
    """SIGKILL at any moment: pairs of rows are pairs, and the next writer goes on."""
    script = f"""
from chaos_otel.store.database import Database
database = Database({state!r})
print("ready", flush=True)
for number in range(10**9):
    with database.writing() as connection:
        connection.execute("INSERT INTO counted_run VALUES (?)", (f"a{{number}}",))
        connection.execute("INSERT INTO counted_run VALUES (?)", (f"b{{number}}",))
"""
    for pause_s in (0.0, 0.01, 0.03, 0.1):
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(pause_s)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with Database(state) as database:
            database.check()
            with database.writing() as connection:
                rows = connection.execute("SELECT run_id FROM counted_run").fetchall()
                connection.execute("DELETE FROM counted_run")
        numbers = sorted(row[0][1:] for row in rows)
        assert numbers[0::2] == numbers[1::2]
