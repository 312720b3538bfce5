"""Counters of real runs: each once, whoever closes it, and never at the cost of its report."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, is_free, wait_for

from chaos_otel.measures import Distribution, Series
from chaos_otel.pipeline.live_runs import is_live
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database

RUNS = 48
LOGBOOK = str(Path(__file__).parents[2] / "examples" / "ch-aos" / "chaos_logbook.json")


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def series(installed: Installed) -> list[Series]:
    with Database(str(installed.state)) as database:
        return read_series(database, now_wall_ns=time.time_ns(), hold_s=0, is_live=is_live)


def totals(installed: Installed, metric: str, label: str = "") -> dict[str, float]:
    """The sum of a counter's or gauge's series by the value of one label."""
    sums: Counter[str] = Counter()
    for one in series(installed):
        if one.metric == metric and isinstance(one.value, float):
            sums[dict(one.labels).get(label, "")] += one.value  # type: ignore[assignment]
    return dict(sums)


def settled(installed: Installed) -> None:
    """Nobody works on any run any more."""
    wait_for(lambda: all(is_free(one.parent) for one in installed.journals()))


@pytest.mark.timeout(900)
def test_many_runs_at_once_are_counted_exactly(installed: Installed) -> None:
    """48 real runs of three scripts, a third of which fail: every one is in the sums, once."""
    runs = [
        installed.start(
            *("run", "-q", "--name", f"s{number % 3}", "--no-report"),
            *("--", "sh", "-c", f"exit {0 if number % 3 else 7}"),
        )
        for number in range(RUNS)
    ]
    for number, run in enumerate(runs):
        _, err = run.communicate(timeout=600)
        assert run.returncode == (0 if number % 3 else 7), err
    settled(installed)
    assert totals(installed, "script.runs", "script.name") == dict.fromkeys(
        ("s0", "s1", "s2"), RUNS / 3
    )
    assert totals(installed, "script.runs", "result") == {
        "success": RUNS * 2 / 3,
        "failure": RUNS / 3,
    }
    assert totals(installed, "script.failures", "error.type") == {"exit_7": RUNS / 3}
    assert totals(installed, "script.failures.consecutive", "script.name")["s0"] == RUNS / 3
    durations = [one.value for one in series(installed) if one.metric == "script.run.duration"]
    assert sum(one.observations for one in durations if isinstance(one, Distribution)) == RUNS
    assert not list(installed.state.glob("runs/*/uncounted"))


def test_delivering_again_and_importing_twice_change_no_counter(installed: Installed) -> None:
    """A run is counted under its id: journals that are read again, documents that come again."""
    assert installed.run("true").returncode == 0
    settled(installed)
    imported = installed.call("import", LOGBOOK)
    assert imported.returncode == 0, imported.stderr
    before = series_without_time(installed)
    assert sum(totals(installed, "script.runs").values()) == 2
    hosts = json.loads(Path(LOGBOOK).read_text())["hosts"]
    assert totals(installed, "script.operations", "server.address") == {
        name: len(host["history"]) for name, host in hosts.items()
    }
    for journal in installed.journals():
        delivered = installed.call("deliver", journal.parent.name)
        assert delivered.returncode == 0, delivered.stderr
    assert installed.call("import", LOGBOOK).returncode == 0
    assert installed.call("recover").returncode == 0
    assert series_without_time(installed) == before


def series_without_time(installed: Installed) -> list[tuple[object, ...]]:
    return [(one.metric, one.labels, one.value) for one in series(installed)]


def test_retention_lowers_no_counter(installed: Installed) -> None:
    """Journals go, what was counted stays."""
    for _ in range(3):
        installed.run("true")
    settled(installed)
    for journal in installed.journals():
        for file in journal.parent.iterdir():
            file.unlink()
        journal.parent.rmdir()
    installed.run("true")
    settled(installed)
    assert len(installed.journals()) == 1
    assert totals(installed, "script.runs") == {"": 4}


def test_a_run_under_way_is_seen_and_gone_with_it(installed: Installed) -> None:
    """Active with its age while it works, its duration after; the same after a kill of all that
    was ours."""
    run = installed.start("run", "-q", "--name", "long", "--", "sleep", "600")
    wait_for(lambda: totals(installed, "script.active").get("") == 1)
    first = totals(installed, "script.execution.time")[""]
    assert first >= 0.5
    wait_for(lambda: totals(installed, "script.execution.time")[""] > first)
    folder = installed.journals()[-1].parent
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=120) == -signal.SIGTERM
    run.communicate()
    wait_for(lambda: is_free(folder))
    assert totals(installed, "script.active") == {"": 0}
    assert totals(installed, "script.failures", "error.type") == {"signal_TERM": 1}


def test_a_run_whose_recorders_were_killed_is_counted_when_it_is_recovered(
    installed: Installed,
) -> None:
    """Not under way any more at once, and counted once by whoever closes it."""
    run = installed.start("run", "-q", "--name", "long", "--", "sleep", "600")
    wait_for(lambda: totals(installed, "script.active").get("") == 1)
    folder = installed.journals()[-1].parent
    for pid in _ours(installed):
        os.kill(pid, signal.SIGKILL)
    run.wait(timeout=60)
    run.communicate()
    wait_for(lambda: is_free(folder))
    assert totals(installed, "script.active").get("", 0) == 0
    for _ in range(2):
        installed.call("recover")
    assert totals(installed, "script.runs", "result") == {"cancellation": 1}
    with sqlite3.connect(installed.state / "store.db") as connection:
        assert connection.execute("SELECT count(*) FROM active_run").fetchone() == (0,)
    connection.close()


def _ours(installed: Installed) -> list[int]:
    """Every process that has this test's state folder in its environment, the command too."""
    found = []
    wanted = f"CHAOS_OTEL_STATE_DIR={installed.state}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_a_script_without_a_wrapper_is_counted_too(installed: Installed) -> None:
    """`telemetry_init` … `telemetry_flush`: the run counts when the script has ended."""
    script = installed.script(
        f"""#!/bin/sh
. "$({installed.command} shell-lib)"
telemetry_init alone 1.0
telemetry_record_metric queue_length 12
telemetry_flush
"""
    )
    installed.env["PATH"] = f"{Path(installed.command).parent}:{installed.env['PATH']}"
    done = installed.bare("sh", script)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: (installed.state / "store.db").exists())
    wait_for(lambda: totals(installed, "script.runs", "script.name") == {"alone": 1})
    assert totals(installed, "script.queue_length") == {"": 12}


def test_secrets_that_were_taken_out_are_counted(installed: Installed) -> None:
    """As the journal says it, and zero is said, too."""
    installed.run("true")
    settled(installed)
    assert installed.records("run.ended")[0]["redactions"] == 0
    installed.run("sh", "-c", "echo password=hunter2; echo token=geheim12345")
    settled(installed)
    assert installed.records("run.ended")[0]["redactions"] >= 2
    by_script = totals(installed, "script.redactions", "script.name")
    assert by_script["true"] == 0 and by_script["sh"] >= 2


@pytest.mark.parametrize("damage", ["garbage", "folder", "foreign", "link"])
def test_a_store_that_cannot_be_used_costs_one_line(installed: Installed, damage: str) -> None:
    """The command's status, its output and the report are what they would be; when the store has
    been reset, the run is in it."""
    installed.state.mkdir(mode=0o700)
    store = installed.state / "store.db"
    if damage == "garbage":
        store.write_bytes(os.urandom(50_000))
    elif damage == "folder":
        store.mkdir()
    elif damage == "link":
        store.symlink_to(installed.cwd / "elsewhere")
    else:
        with sqlite3.connect(store) as connection:
            connection.execute("CREATE TABLE theirs (a)")
        connection.close()
    done = installed.run("sh", "-c", "echo out; exit 3")
    assert (done.returncode, done.stdout) == (3, b"out\n")
    assert installed.history()[0]["stdout"] == "out\n"
    told = [line for line in done.stderr.splitlines() if b"counters" in line]
    assert len(told) == 1 and b"store" in told[0], done.stderr
    settled(installed)
    reset = installed.call("reset")
    assert reset.returncode == 0, reset.stderr
    assert b"store.db.corrupt-" in reset.stdout
    assert installed.run("true").returncode == 0
    settled(installed)
    wait_for(lambda: sum(totals(installed, "script.runs").values()) == 2)
    assert not (installed.cwd / "elsewhere").exists()


def test_a_store_that_is_in_use_holds_nobody_up(installed: Installed) -> None:
    """Somebody holds the store for as long as the run takes: it ends all the same, without a word,
    and is counted when the store is free."""
    Database(str(installed.state)).close()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import sqlite3, sys
connection = sqlite3.connect({str(installed.state / "store.db")!r}, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
""",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None and holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    done = installed.run("sh", "-c", "exit 3")
    assert done.returncode == 3
    assert b"counters" not in done.stderr
    assert installed.report()
    holder.stdin.close()
    holder.wait()
    holder.stdout.close()
    wait_for(lambda: totals(installed, "script.failures", "error.type") == {"exit_3": 1})
    wait_for(lambda: not list(installed.state.glob("runs/*/uncounted")))


def test_nothing_that_has_to_do_with_the_store_is_loaded_beside_the_command(
    installed: Installed,
) -> None:
    """sqlite3 is `deliver`'s: capture never loads it."""
    probe = "import sys; from chaos_otel.cli import run; from chaos_otel.pipeline import capture; "
    probe += "from chaos_otel.pipeline import opening, recording; print('sqlite3' in sys.modules)"
    assert installed.bare(sys.executable, "-c", probe).stdout == b"False\n"
