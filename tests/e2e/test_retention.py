"""What a run leaves behind is let go of by later runs: old journals, orphaned memory."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, is_free, wait_for

DAY_S = 86_400


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _run(installed: Installed, **environment: str) -> Path:
    """A run that nobody works on any more; its folder."""
    before = set(installed.state.glob("runs/*"))
    done = installed.run("echo", "hello", env=installed.env | environment, timeout=60)
    assert done.returncode == 0
    (folder,) = set(installed.state.glob("runs/*")) - before
    wait_for(lambda: not folder.exists() or is_free(folder))
    return folder


def _make_old(folder: Path, days: float) -> Path:
    """As if the run had begun and been delivered then: the id holds the start of a run."""
    then_s = time.time() - days * DAY_S
    new = folder.with_name(f"{round(then_s * 1000):012x}{folder.name[12:]}")
    folder.rename(new)
    for path in new.iterdir():
        os.utime(path, (then_s, then_s))
    return new


def test_a_journal_past_its_age_is_deleted_by_a_later_run(installed: Installed) -> None:
    """14 days, or what was set; a younger one stays."""
    old = _make_old(_run(installed), 15)
    young = _make_old(_run(installed), 13)
    last = _run(installed)
    assert not old.exists()
    assert young.exists() and last.exists()
    _run(installed, CHAOS_OTEL_RETENTION_AGE="12d")
    assert not young.exists()
    assert last.exists()


def test_a_run_that_somebody_works_on_is_never_deleted(installed: Installed) -> None:
    """Whatever its age: its lock is held."""
    old = _make_old(_run(installed), 100)
    with open(old / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _run(installed)
        assert old.exists()
    _run(installed)
    assert not old.exists()


def test_more_bytes_than_allowed_cost_the_oldest_first(installed: Installed) -> None:
    """The size of all is kept below the limit."""
    folders = [_make_old(_run(installed), days) for days in (3, 2, 1)]
    for folder in folders:
        with open(folder / "journal.jsonl", "ab") as journal:
            journal.write(b"\n" * 50_000)
        then_s = int(folder.name[:12], 16) / 1000
        os.utime(folder / "delivered", (then_s, then_s))
    _run(installed, CHAOS_OTEL_RETENTION_SIZE="120000")
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_an_undelivered_run_outlives_delivered_ones(installed: Installed) -> None:
    """Where room is short, a run whose report could not be written yet goes last."""
    kept = _make_old(_run(installed, CHAOS_OTEL_REPORT=str(installed.cwd / "gone" / "r.json")), 3)
    assert not (kept / "delivered").exists()
    with open(kept / "journal.jsonl", "ab") as journal:
        journal.write(b"\n" * 50_000)
    delivered = _make_old(_run(installed), 2)
    with open(delivered / "journal.jsonl", "ab") as journal:
        journal.write(b"\n" * 50_000)
    _run(installed, CHAOS_OTEL_RETENTION_SIZE="80000")
    assert kept.exists()
    assert not delivered.exists()


def test_a_clock_that_jumped_deletes_nothing(installed: Installed) -> None:
    """A run from the future counts as new."""
    ahead = _make_old(_run(installed), -3650)
    _run(installed)
    assert ahead.exists()


def test_notes_about_old_reports_are_forgotten(installed: Installed) -> None:
    """They matter only as long as an older run may come."""
    _run(installed)
    (note,) = (installed.state / "reports").iterdir()
    then_s = time.time() - 15 * DAY_S
    os.utime(note, (then_s, then_s))
    other = installed.env | {"CHAOS_OTEL_REPORT": "other.json"}
    installed.run("true", env=other, timeout=60)
    wait_for(lambda: not note.exists())


def test_the_memory_of_a_deleted_run_is_freed(installed: Installed) -> None:
    """Somebody deleted the state folder under a run that was then killed: a later run removes what
    it left in memory."""
    runtime = installed.runtime / "chaos-otel"
    run = installed.start("run", "--", "sh", "-c", "sleep 600 & echo $!; wait")
    wait_for(lambda: installed.journals() and b"process.started" in _journal(installed))
    pids = [installed.records("process.started")[0]["pid"], run.pid, _deliver_of(runtime)]
    shutil.rmtree(installed.state)
    for pid in pids:
        os.kill(pid, 9)
    out, _ = run.communicate(timeout=60)
    os.kill(int(out), 9)
    left = {path.name for path in runtime.iterdir() if path.is_file()}
    assert left
    _run(installed)
    assert left <= {path.name for path in runtime.iterdir()}  # it might have just begun
    for name in left:
        os.utime(runtime / name, (1, 1))
    _run(installed)
    wait_for(lambda: not left & {path.name for path in runtime.iterdir()})


def _journal(installed: Installed) -> bytes:
    return installed.journals()[0].read_bytes()


def _deliver_of(runtime: Path) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"pipeline.deliver" in words and bytes(runtime) in words:
            return int(folder.name)
    raise AssertionError("nobody delivers")
