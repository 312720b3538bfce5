"""What waits, by the folders' word: listed, finished, dropped, given up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pipeline.forward_runs import KEY, destination, write_run

from chaos_otel.pipeline.destinations_file import FORWARD, read_destinations, waits
from chaos_otel.pipeline.prune import prune
from chaos_otel.pipeline.waiting import drop_waiting, finish_run, let_go, waiting_runs
from chaos_otel.store.database import Database
from chaos_otel.store.outbox import finish, open_cursor

OTHER = "otlp http://127.0.0.1:10"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The store of the runs in `tmp_path`."""
    with Database(str(tmp_path)) as database:
        yield database


def _finish(database: Database, folder: Path, key: str) -> None:
    cursor = open_cursor(database, key, folder.name, waiting_bytes=1, now_wall_ns=time.time_ns())
    finish(database, cursor)


def _keys(tmp_path: Path, database: Database | None) -> list[tuple[str, str]]:
    found = waiting_runs(str(tmp_path / "runs"), database)
    return [(one.run_id, one.destination.key) for one in found]


def test_a_run_waits_for_each_destination_until_that_has_it(
    tmp_path: Path, database: Database
) -> None:
    """Without a store nothing counts as sent; with it, what is finished there waits no more."""
    folder = write_run(tmp_path, to=[destination(), destination(OTHER)])
    write_run(tmp_path)
    assert _keys(tmp_path, database) == [(folder.name, KEY), (folder.name, OTHER)]
    _finish(database, folder, KEY)
    assert _keys(tmp_path, database) == [(folder.name, OTHER)]
    assert len(_keys(tmp_path, None)) == 2
    assert not finish_run(str(folder), database)
    _finish(database, folder, OTHER)
    assert finish_run(str(folder), database)
    assert not waits(str(folder))


def test_a_list_that_cannot_be_read_is_never_taken_for_finished(
    tmp_path: Path, database: Database
) -> None:
    """A damaged file keeps its run waiting, rather than letting it go unsent."""
    folder = write_run(tmp_path, to=[destination()])
    (folder / FORWARD).write_text('{"destinations": [{"k')
    assert read_destinations(str(folder)) == ()
    assert not finish_run(str(folder), database)
    assert waits(str(folder))


def test_dropping_leaves_other_destinations_alone(tmp_path: Path, database: Database) -> None:
    """By its address, all signals of it; the other one still waits, and the drop is counted."""
    split = destination(f"{KEY} logs")
    folder = write_run(tmp_path, to=[split, destination(OTHER)])
    dropped = drop_waiting(str(tmp_path / "runs"), database, KEY, now_wall_ns=time.time_ns())
    assert dropped == 1
    assert [one.key for one in read_destinations(str(folder))] == [OTHER]
    again = drop_waiting(str(tmp_path / "runs"), database, KEY, now_wall_ns=time.time_ns())
    assert again == 0


def test_what_is_too_old_or_too_much_goes_the_oldest_first(
    tmp_path: Path, database: Database
) -> None:
    """Of three runs the one past its age goes, then the older of two that are too much."""
    folders = [write_run(tmp_path, 10, to=[destination()]) for _ in range(3)]
    now_ns = time.time_ns()
    for folder, age_s in zip(folders, (1000, 100, 10), strict=True):
        at_ns = now_ns - age_s * 10**9
        os.utime(folder / FORWARD, ns=(at_ns, at_ns))
    size = (folders[0] / "journal.jsonl").stat().st_size
    runs = str(tmp_path / "runs")
    gone = let_go(runs, database, now_wall_ns=now_ns, max_age_s=500, max_bytes=size + 1)
    assert gone == 2
    assert [waits(str(folder)) for folder in folders] == [False, False, True]


def test_a_run_that_waits_is_not_pruned(tmp_path: Path) -> None:
    """Whatever its age and size; once nothing waits for it, it goes."""
    folder = write_run(tmp_path, to=[destination()])
    later_s = time.time() + 10**7
    runs = str(tmp_path / "runs")
    assert prune(runs, now_wall_s=later_s, max_age_s=1, max_bytes=0) == []
    assert folder.is_dir()
    (folder / FORWARD).unlink()
    prune(runs, now_wall_s=later_s, max_age_s=1, max_bytes=0)
    assert not folder.exists()
