"""Which run's report may stand at a path."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from chaos_otel import ids
from chaos_otel.pipeline.report_place import REPORT_NAME, report_place

SECOND_NS = 10**9


class _World:
    """A state folder and a report."""

    def __init__(self, base: Path) -> None:
        self.state = base / "state"
        self.report = base / "report.json"
        (self.state / "runs").mkdir(parents=True)
        self.state.chmod(0o700)

    def write(self, run_id: str, *, reserved: str = "") -> str:
        """Write a run's report where it may go; the path."""
        folder = f"{self.state}/runs/{run_id}"
        os.makedirs(folder, exist_ok=True)
        with report_place(
            str(self.report), run_id=run_id, run_folder=folder, reserved=reserved
        ) as place:
            Path(place.path).write_text(run_id)
        self.problem = place.problem
        return place.path


@pytest.fixture
def world(tmp_path: Path) -> _World:
    """Nothing has been written yet."""
    return _World(tmp_path)


EARLY, LATE = ids.new_run_id(1_700_000_000 * SECOND_NS), ids.new_run_id(1_700_000_001 * SECOND_NS)


def test_a_later_run_replaces_an_earlier_ones_report(world: _World) -> None:
    """And is noted."""
    assert [world.write(EARLY), world.write(LATE)] == [str(world.report)] * 2
    assert world.report.read_text() == LATE


def test_an_earlier_run_never_replaces_a_later_ones(world: _World) -> None:
    """It lies beside its journal, however often it is written."""
    world.write(LATE)
    aside = f"{world.state}/runs/{EARLY}/{REPORT_NAME}"
    assert [world.write(EARLY), world.write(EARLY)] == [aside] * 2
    assert world.report.read_text() == LATE


def test_writing_again_is_writing_to_the_same_place(world: _World) -> None:
    """Delivering twice gives the same as once."""
    assert world.write(LATE) == world.write(LATE) == str(world.report)


def test_a_report_that_somebody_deleted_is_nobodys(world: _World) -> None:
    """An earlier run may then write it."""
    world.write(LATE)
    world.report.unlink()
    assert world.write(EARLY) == str(world.report)


def test_a_reserved_path_is_left_to_the_run_under_way(world: _World) -> None:
    """Even if nothing stands there yet."""
    assert world.write(EARLY, reserved=str(world.report)).endswith(f"{EARLY}/{REPORT_NAME}")


def test_without_a_note_the_time_of_the_file_decides(world: _World) -> None:
    """A file from before the run is replaced, one from after it is not; the problem is told."""
    (world.state / "reports").symlink_to("/")
    world.report.write_text("old")
    os.utime(world.report, (1_600_000_000, 1_600_000_000))
    assert world.write(EARLY) == str(world.report)
    assert "symbolic link" in world.problem
    assert world.write(LATE).endswith(f"{LATE}/{REPORT_NAME}")


def test_a_note_from_the_future_does_not_count(world: _World) -> None:
    """The clock was set back: the runs of the next hour are later ones all the same."""
    ahead = ids.new_run_id(time.time_ns() + 3600 * SECOND_NS)
    world.write(ahead)
    now = ids.new_run_id(time.time_ns())
    assert world.write(now) == str(world.report)
    assert world.report.read_text() == now


def test_two_runs_at_once_take_turns(world: _World) -> None:
    """While one writes, the other waits: the later one stands there in the end."""
    folder = f"{world.state}/runs/{EARLY}"
    os.makedirs(folder)
    with report_place(str(world.report), run_id=EARLY, run_folder=folder) as place:
        other = threading.Thread(target=world.write, args=(LATE,))
        other.start()
        other.join(0.2)
        assert other.is_alive()
        Path(place.path).write_text(EARLY)
    other.join(60)
    assert world.report.read_text() == LATE
