"""A run becomes part of the counters: once, later if it must be, and at no cost to its outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos_otel.measures import Increment
from chaos_otel.pipeline import counting
from chaos_otel.store.counters import count_run, read_series
from chaos_otel.store.database import Database

RUN = "0" * 32
ONE = [Increment("script.runs", (("script.name", "x"),), 1)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "runs" / RUN
    path.mkdir(parents=True)
    (tmp_path / "state").chmod(0o700)
    return path


def count(folder: Path, *, busy_s: float = 0.1) -> str:
    state = counting.state_of(str(folder))
    return counting.count(str(folder), lambda: ONE, state=state, busy_s=busy_s)


def test_the_state_folder_is_told_from_the_runs_own(folder: Path) -> None:
    """A run that is kept in memory only has no counters."""
    state = str(folder.parent.parent)
    assert counting.state_of(str(folder)) == state
    assert counting.state_of(str(folder), runtime=state) == ""
    assert counting.state_of("/somewhere/else") == ""


def test_a_run_that_a_busy_store_could_not_take_is_marked_and_no_problem(folder: Path) -> None:
    """The mark goes when it was counted."""
    state = counting.state_of(str(folder))
    with Database(state) as holder, holder.writing():
        assert count(folder) == ""
    assert counting.is_uncounted(str(folder))
    assert count(folder) == ""
    assert not counting.is_uncounted(str(folder))
    with Database(state) as database:
        assert not count_run(database, RUN, [], now_wall_ns=0)  # it is there already
        (series,) = [s for s in read_series(database, now_wall_ns=1 << 62) if s.value == 1]
    assert series.metric == "script.runs"


def test_whatever_goes_wrong_is_a_line_and_a_mark(folder: Path) -> None:
    """An error of ours too: nothing is raised into the writing of a report."""
    (folder.parent.parent / "store.db").write_bytes(b"garbage" * 999)
    assert "not in the counters" in count(folder) and counting.is_uncounted(str(folder))

    def broken() -> list[Increment]:
        raise ZeroDivisionError

    problem = counting.count(str(folder), broken, state="/proc/nowhere", busy_s=0)
    assert problem == "this run is not in the counters: an error of ours (ZeroDivisionError)"
