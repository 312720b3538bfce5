"""Many runs at once in one state folder: each is whole, none waits for or disturbs another."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, is_free, wait_for

from chaos_otel.measures import Distribution
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database

RUNS = 200
SAME = 20


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _start(installed: Installed, number: int, report: str) -> subprocess.Popen[bytes]:
    script = f"echo out {number}; exit {number % 128}"
    return installed.start("run", "-q", "--report", report, "--", "sh", "-c", script)


def _whole_journals(installed: Installed) -> list[list[str]]:
    """The kinds of each journal's records; its lines are all whole and numbered without a gap."""
    found = []
    for journal in installed.journals():
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
        found.append([line["r"]["kind"] for line in lines])
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_at_once(installed: Installed) -> None:
    """200 commands with their own status and output, 200 whole reports, 200 whole journals, and
    counters that are their sum."""
    runs = [_start(installed, number, f"{number}.json") for number in range(RUNS)]
    done = [(run.communicate(timeout=600), run.returncode) for run in runs]
    for number, ((out, err), status) in enumerate(done):
        assert (status, out) == (number % 128, b"out %d\n" % number), err
    wait_for(lambda: len(list(installed.cwd.glob("*.json"))) == RUNS, seconds=240)
    for number in range(RUNS):
        (entry,) = installed.report(f"{number}.json")["hosts"]["@local"]["history"]
        assert (entry["stdout"], entry["success"]) == (f"out {number}\n", number % 128 == 0)
    kinds = _whole_journals(installed)
    assert len(kinds) == RUNS
    assert all(one[0] == "run.started" and one[-1] == "run.ended" for one in kinds)
    # on a machine that is this busy a report may be later than the command's end
    errors = [one for (_, one), _ in done if one and b"report is not written yet" not in one]
    assert errors == []
    wait_for(lambda: all(is_free(one.parent) for one in installed.journals()))
    assert _counted(installed, "script.runs") == RUNS
    assert _counted(installed, "script.failures") == sum(bool(n % 128) for n in range(RUNS))
    assert _counted(installed, "script.run.duration") == RUNS


def _counted(installed: Installed, metric: str) -> float:
    """All series of a counter, or all observations of a histogram."""
    with Database(str(installed.state)) as database:
        found = read_series(database, now_wall_ns=time.time_ns(), hold_s=0)
    values = [one.value for one in found if one.metric == metric]
    return sum(one.observations if isinstance(one, Distribution) else one for one in values)


def test_twenty_at_once_with_one_report(installed: Installed) -> None:
    """The report is always one of them, whole, and in the end that of the run begun last."""
    runs = [_start(installed, number, "same.json") for number in range(SAME)]
    seen = set()
    while any(run.poll() is None for run in runs):
        if (installed.cwd / "same.json").exists():
            (entry,) = installed.report("same.json")["hosts"]["@local"]["history"]
            seen.add(entry["stdout"])
    assert [run.wait() for run in runs] == [number % 128 for number in range(SAME)]
    for run in runs:
        run.communicate(timeout=60)
    wait_for(lambda: len(list(installed.state.glob("runs/*/delivered"))) == SAME)
    last = installed.records("output")[0]["text"]
    (entry,) = installed.report("same.json")["hosts"]["@local"]["history"]
    assert entry["stdout"] == last
    assert seen <= {f"out {number}\n" for number in range(SAME)}
    assert len(_whole_journals(installed)) == SAME


def test_a_damaged_state_folder_is_moved_once(installed: Installed) -> None:
    """Ten runs find a file in its place: one moves it away, none loses another's run."""
    installed.state.write_text("not a folder")
    runs = [_start(installed, number, f"{number}.json") for number in range(10)]
    for run in runs:
        run.communicate(timeout=60)
    assert len(list(installed.state.parent.glob("state.corrupt-*"))) == 1
    assert len(installed.journals()) == 10
