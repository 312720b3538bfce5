"""Our own log: whole lines, one file after another, never in anybody's way."""

from __future__ import annotations

import re
import stat
import threading
from itertools import islice
from pathlib import Path

import pytest

from chaos_otel.pipeline import own_log
from chaos_otel.pipeline.own_log import following, last_lines, log_path, note


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state")


def test_a_line_says_when_who_and_what(state: str) -> None:
    """On one line, in a private file."""
    note(state, "deliver", "it went\nwrong\x1b[31m")
    path = Path(log_path(state))
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ deliver\[\d+\] it went wrong\x1b\[31m\n"
    assert re.fullmatch(pattern, path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_fault_of_the_log_is_nobody_s(state: str) -> None:
    """There is nobody left to tell."""
    Path(state).write_text("a file")
    note(state, "deliver", "lost")
    note("/proc/nowhere", "deliver", "lost")
    assert Path(state).read_text() == "a file"


def test_it_is_turned_over_when_full(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two old ones are kept; the last lines are found across files."""
    monkeypatch.setattr(own_log, "LARGEST_BYTES", 1000)
    for number in range(100):
        note(state, "x", f"line {number:04d}")
    names = sorted(path.name for path in Path(state, "log").iterdir())
    assert names == ["chaos-otel.log", "chaos-otel.log.1", "chaos-otel.log.2"]
    assert all(path.stat().st_size <= 1000 for path in Path(state, "log").iterdir())
    shown = [line.rpartition(" ")[2] for line in last_lines(state, 30)]
    assert shown == [f"{number:04d}" for number in range(70, 100)]
    assert len(last_lines(state, 10**6)) < 100


def test_no_log_has_no_lines(state: str) -> None:
    """Nor makes one."""
    assert last_lines(state, 5) == []
    assert last_lines(state, 0) == []
    assert not Path(state).exists()


def test_many_writers_lose_no_line(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the file is turned over under them."""
    monkeypatch.setattr(own_log, "LARGEST_BYTES", 20_000)

    def write() -> None:
        for _ in range(100):
            note(state, "writer", "x" * 40)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = last_lines(state, 10**6)
    assert len(lines) == 600
    assert all(line.endswith(" " + "x" * 40) for line in lines)


def test_it_is_followed_into_the_next_file(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its end on, also where there was none yet; each line once."""
    monkeypatch.setattr(own_log, "LARGEST_BYTES", 200)
    note(state, "x", "before")
    told = iter(range(100))

    def come(_: float) -> None:
        for number in islice(told, 3):
            note(state, "x", f"line {number}")

    lines = following(state, wait=come)
    assert [line.rpartition("] ")[2] for line in islice(lines, 60)] == [
        f"line {number}" for number in range(60)
    ]


def test_a_log_that_is_not_there_yet_is_followed(state: str) -> None:
    """Whoever asks early waits for the first line."""
    told = iter(range(3))
    lines = following(state, wait=lambda _: note(state, "x", f"line {next(told)}"))
    assert next(lines).endswith("line 0")
