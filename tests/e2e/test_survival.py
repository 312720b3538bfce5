"""Capture, `deliver` or both are killed at any moment: the command does not notice, the run is
closed, and the report holds every whole record."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.installed import Installed, is_free, wait_for
from tests.e2e.steps import step

KILLER = Path(__file__).with_name("killer")
DELIVER = b"chaos_otel.pipeline.deliver"
STEPS = 3
MORE_THAN_ANY_RUN_WRITES = 400


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _script(installed: Installed) -> str:
    """Three steps that print on both outputs; files say that it began and that all was done."""
    steps = [step(n, f"echo out {n}; sleep 0.02; echo err {n} >&2") for n in range(1, STEPS + 1)]
    text = ["#!/bin/sh", "echo >begun", *steps, "echo >finished"]
    return installed.script("\n".join(text))


def _run_killed(installed: Installed, kill: str) -> int:
    """Run the script with somebody killed, until nobody works on the run; capture's status."""
    env = installed.env | {"CHAOS_TEST_KILL": kill, "PYTHONPATH": str(KILLER)}
    for name in ("begun", "finished", "out", "err", "chaos_report.json"):
        (installed.cwd / name).unlink(missing_ok=True)
    with open(installed.cwd / "out", "wb") as out, open(installed.cwd / "err", "wb") as err:
        run = installed.start("run", "-q", "--", "./deploy.sh", env=env, stdout=out, stderr=err)
        status = run.wait(timeout=120)
    wait_for(lambda: all(is_free(journal.parent) for journal in installed.journals()))
    return status


def _command_was_not_disturbed(installed: Installed) -> None:
    """It went on to its own end and its bytes are where they went."""
    wait_for((installed.cwd / "finished").exists)
    out, err = ((installed.cwd / name).read_bytes() for name in ("out", "err"))
    assert out == b"".join(b"out %d\n" % n for n in range(1, STEPS + 1))
    said = [line for line in err.splitlines(keepends=True) if not line.startswith(b"chaos-otel:")]
    assert b"".join(said) == b"".join(b"err %d\n" % n for n in range(1, STEPS + 1))


def _recorded_ends(installed: Installed) -> list[str]:
    """The steps whose end is a whole record of the last run's journal."""
    found = []
    for line in installed.journals()[-1].read_bytes().splitlines():
        try:
            record = json.loads(line)["r"]
        except ValueError:
            continue
        if record["kind"] == "operation.ended":
            found.append(record["name"])
    return found


def _whole_report(installed: Installed) -> dict[str, Any]:
    validated = installed.call("report", "validate", "chaos_report.json")
    assert validated.returncode == 0, validated.stdout
    return installed.report()


def _steps_of(report: dict[str, Any]) -> list[str]:
    return [entry["operation"] for entry in report["hosts"]["@local"]["history"]]


ALL_STEPS = [f"step {n}" for n in range(1, STEPS + 1)]


@pytest.mark.slow
def test_capture_killed_before_each_of_its_writes(installed: Installed) -> None:
    """The command goes on, its output goes where it went, and `deliver` closes the run with every
    step in it: as interrupted, unless capture had written the run's end."""
    _script(installed)
    disturbed = 0
    for number in range(1, MORE_THAN_ANY_RUN_WRITES):
        status = _run_killed(installed, f"capture:{number}")
        if status == 0:
            break
        assert status == -signal.SIGKILL
        if not (installed.cwd / "begun").exists():
            continue  # it was killed before there was a command
        disturbed += 1
        _command_was_not_disturbed(installed)
        report = _whole_report(installed)
        assert _steps_of(report) == ALL_STEPS, f"killed before write {number}"
        ended = installed.records("run.ended")[-1]
        expected = "failure" if ended.get("interrupted") else "success"
        assert report["summary"]["status"] == expected
    assert status == 0
    assert disturbed > 5


@pytest.mark.slow
def test_deliver_killed_before_each_of_its_writes(installed: Installed) -> None:
    """The command and its status are as they were, capture says that there is no report yet, and
    `recover` writes it."""
    _script(installed)
    for number in range(1, MORE_THAN_ANY_RUN_WRITES):
        assert _run_killed(installed, f"deliver:{number}") == 0
        _command_was_not_disturbed(installed)
        if b"the report is not written yet" not in (installed.cwd / "err").read_bytes():
            break
        installed.call("recover")
        report = _whole_report(installed)
        assert _steps_of(report) == ALL_STEPS
        assert report["summary"]["status"] == "success"
    assert number > 3


@pytest.mark.slow
def test_both_killed(installed: Installed) -> None:
    """The next command closes the run from what is on disk: every whole record, interrupted."""
    _script(installed)
    seen = 0
    for number in range(1, MORE_THAN_ANY_RUN_WRITES):
        status = _run_killed(installed, f"deliver:1,capture:{number}")
        if status == 0:
            break
        if not installed.journals():
            continue
        installed.call("recover")
        if not (installed.cwd / "chaos_report.json").exists():
            continue  # it was killed before anything had been recorded
        seen += 1
        report = _whole_report(installed)
        ends = _recorded_ends(installed)
        assert [one for one in _steps_of(report) if one in ends] == ends
        interrupted = installed.records("run.ended")[-1].get("interrupted", False)
        assert report["summary"]["status"] == ("failure" if interrupted else "success")
    assert seen > 3


def _leave_a_dead_run(installed: Installed) -> None:
    """A run that printed `early`; its command, capture and `deliver` were all killed."""
    dead = installed.start("run", "-q", "--", "sh", "-c", "echo early; exec sleep 600")
    said = b'"kind":"output"'  # the word alone stands in the command line, too
    wait_for(lambda: installed.journals() and said in installed.journals()[0].read_bytes())
    os.kill(_find(DELIVER, str(installed.runtime).encode()), signal.SIGKILL)
    dead.kill()
    os.kill(installed.records("process.started")[0]["pid"], signal.SIGKILL)
    dead.communicate(timeout=240)
    wait_for(lambda: is_free(installed.journals()[0].parent))


def test_a_recovered_report_replaces_no_later_one(installed: Installed) -> None:
    """It lies beside its journal and the command says where; delivering again changes nothing."""
    _leave_a_dead_run(installed)
    later = installed.call("run", "--", "sh", "-c", "echo later")
    assert later.returncode == 0
    report = (installed.cwd / "chaos_report.json").read_bytes()
    assert json.loads(report)["summary"]["status"] == "success"
    aside = installed.journals()[0].parent / "chaos_report.json"
    assert str(aside).encode() in later.stderr
    assert json.loads(aside.read_bytes())["summary"]["status"] == "failure"
    before = aside.read_bytes()
    again = installed.call("deliver", *[journal.parent.name for journal in installed.journals()])
    assert again.returncode == 0, again.stderr
    assert str(aside).encode() in again.stdout
    assert (installed.cwd / "chaos_report.json").read_bytes() == report
    assert aside.read_bytes() == before


@pytest.mark.parametrize("target", ["pipe", "file", "append"])
def test_no_byte_is_lost_or_doubled_when_capture_dies_under_load(
    installed: Installed, target: str
) -> None:
    """Whatever moment it is: a reader gets what it would have got from the bare command."""
    chance = random.Random(5)
    whole = b"".join(b"%07d\n" % number for number in range(200_000))
    count = "import sys\nfor n in range(200_000): sys.stdout.write('%07d\\n' % n)"
    out = installed.cwd / "out"
    for _ in range(4):
        out.unlink(missing_ok=True)
        enough = 8 * chance.randrange(20_000)
        write = {"pipe": '"$@" | cat >out', "file": '"$@" >out', "append": '"$@" >>out'}[target]
        words = [installed.command, "run", "-q", "--", "python3", "-S", "-c", count]
        with subprocess.Popen(
            ["sh", "-c", write, "sh", *words],
            cwd=installed.cwd,
            env=installed.env,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as shell:
            _wait_for_size(out, enough)
            _kill_capture(shell.pid)
            shell.communicate(timeout=60)
        _wait_for_size(out, len(whole))
        wait_for(lambda: all(is_free(journal.parent) for journal in installed.journals()))
        assert out.read_bytes() == whole


def _wait_for_size(path: Path, size: int) -> None:
    wait_for(lambda: path.exists() and path.stat().st_size >= size)


def _kill_capture(parent: int) -> None:
    """Kill -9 the capture process below `parent`, if it is still there."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            above = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if above == parent and b"run" in words and DELIVER not in words:
            os.kill(int(folder.name), signal.SIGKILL)
            return


def _find(*parts: bytes) -> int:
    """The process whose command line holds all of these."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if all(part in words for part in parts):
            return int(folder.name)
    raise AssertionError(f"no process {parts}")


def test_a_dead_run_is_closed_by_the_next_look_at_a_report(installed: Installed) -> None:
    """Both processes were killed; `report show` closes the run, says so, and shows it."""
    _leave_a_dead_run(installed)
    shown = installed.call("report", "show")
    assert shown.returncode == 0
    assert b"closed run" in shown.stderr
    assert b"early" in (installed.cwd / "chaos_report.json").read_bytes()
    assert b"closed run" not in installed.call("report", "show").stderr
