"""A run of Ch-aOS under us: its machine lines become operations, its output stays its own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.steps import say, step

EXAMPLE = Path(__file__).parents[2] / "examples" / "ch-aos"
REPLAY = str(EXAMPLE / "replay.sh")


def _own_report(recording: str) -> dict[str, Any]:
    """The whole-run document that Ch-aOS printed itself."""
    for line in (EXAMPLE / recording).read_text().splitlines():
        for marker in ("CHAOS_REPORT::", "CHAOS_LOGBOOK::"):
            if line.startswith(marker):
                document: dict[str, Any] = json.loads(line.removeprefix(marker))
                return document
    raise AssertionError("no report in the recording")


def _provisional(journal: Path) -> int:
    return journal.read_bytes().count(b'"provisional":true')


def _comparable(entry: Mapping[str, Any]) -> tuple[object, ...]:
    statistics = entry["retry_statistics"]
    return (
        *(entry[key] for key in ("operation", "changed", "success", "duration")),
        *(entry[key] for key in ("stdout", "stderr")),
        statistics.get("retry_attempts", 0),
        statistics.get("max_retries", 0),
    )


@pytest.mark.parametrize("recording", ["0.7", "first"])
def test_its_output_is_byte_for_byte_what_it_printed(chaos: Installed, recording: str) -> None:
    """Machine lines pass on untouched; the exit status is its own."""
    done = chaos.run(REPLAY, recording)
    assert done.stdout == (EXAMPLE / f"{recording}.out").read_bytes()
    assert done.returncode == 0


def test_the_report_equals_that_of_the_first_version(chaos: Installed) -> None:
    """Operation by operation: hosts and operations in order, results, durations, output, retries,
    totals; and failure, although it leaves with 0."""
    chaos.run(REPLAY, "first")
    own, ours = _own_report("first.out"), chaos.report()
    assert list(ours["hosts"]) == list(own["hosts"])
    for name, host in own["hosts"].items():
        history = ours["hosts"][name]["history"]
        assert list(map(_comparable, history)) == list(map(_comparable, host["history"]))
        for key in ("total", "changed", "successful", "failed"):
            count = f"{key}_operations"
            assert ours["hosts"][name][count] == host[count]
    for key, value in own["summary"].items():
        assert ours["summary"][key] == pytest.approx(value, abs=0.001)
    assert ours["summary"]["status"] == "failure"
    assert chaos.call("report", "validate").returncode == 0


def test_the_report_equals_the_logbook_of_0_7(chaos: Installed) -> None:
    """The same by its progress lines; an inner operation is not counted twice in the duration."""
    chaos.run(REPLAY, "0.7")
    own, ours = _own_report("0.7.out"), chaos.report()
    assert list(ours["hosts"]) == list(own["hosts"])
    for name, host in own["hosts"].items():
        history = ours["hosts"][name]["history"]
        assert list(map(_comparable, history)) == list(map(_comparable, host["history"]))
    inner_s = 0.1875
    whole_s = own["hosts"]["web1.example.com"]["duration"]
    assert ours["hosts"]["web1.example.com"]["duration"] == pytest.approx(whole_s - inner_s)
    assert ours["summary"]["status"] == "failure"
    assert chaos.call("report", "validate").returncode == 0


def test_a_killed_first_version_leaves_what_it_had_said(chaos: Installed) -> None:
    """The report never came: each operation stands as its progress line told it."""
    lines = (EXAMPLE / "first.out").read_text().splitlines(keepends=True)
    (chaos.cwd / "lines").write_text("".join(lines[:5]))
    chaos.run("sh", "-c", "cat lines; kill -9 $$")
    hosts = chaos.report()["hosts"]
    names = [entry["operation"] for host in hosts.values() for entry in host["history"]]
    assert names == ["Ensure sudo rule 99-charonte-mara"] * 2
    assert chaos.report()["summary"]["status"] == "failure"


def test_at_a_terminal_its_lines_are_found_too(chaos: Installed) -> None:
    """There a line ends with a carriage return and a line feed."""
    command = [chaos.command, "run", "-q", "--", REPLAY, "first"]
    child = pexpect.spawn(command[0], command[1:], cwd=str(chaos.cwd), env=chaos.env, timeout=60)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    own, ours = _own_report("first.out")["hosts"], chaos.report()["hosts"]
    assert chaos.records("run.started")[0]["capture"] == "session"
    for name, host in own.items():
        history = ours[name]["history"]
        assert list(map(_comparable, history)) == list(map(_comparable, host["history"]))


def test_a_killed_capture_does_not_cost_an_operation(chaos: Installed) -> None:
    """What it had noted of the first version's lines is in the journal; whoever goes on hears the
    report, and ours equals it."""
    lines = (EXAMPLE / "first.out").read_text().splitlines(keepends=True)
    (chaos.cwd / "before").write_text("".join(lines[:5]))
    (chaos.cwd / "after").write_text("".join(lines[5:]))
    wait = "while [ ! -e go ]; do sleep 0.02; done"
    with open(chaos.cwd / "out", "wb") as out:
        script = f"cat before; {wait}; cat after"
        run = chaos.start("run", "-q", "--", "sh", "-c", script, stdout=out)
        wait_for(lambda: [j for j in chaos.journals() if _provisional(j) == 2])
        run.kill()
        run.wait()
    (chaos.cwd / "go").touch()
    wait_for((chaos.cwd / "chaos_report.json").exists)
    assert (chaos.cwd / "out").read_text() == "".join(lines)
    own, ours = _own_report("first.out")["hosts"], chaos.report()["hosts"]
    for name, host in own.items():
        history = ours[name]["history"]
        assert list(map(_comparable, history)) == list(map(_comparable, host["history"]))


def test_machine_lines_are_records_and_not_output(chaos: Installed) -> None:
    """What is kept of the output is what people read; facts and checks are events of the run."""
    chaos.run(REPLAY, "0.7")
    kept = "".join(record["text"] for record in chaos.records("output") if not record["op"])
    assert kept.startswith("Applying roles: users, nginx, app\nWill apply 4 operations")
    assert "CHAOS_" not in kept
    messages = [record["message"] for record in chaos.records("event")]
    assert "health_check pre_operations" in messages
    assert "server.Users () (ensure_hosts: None)" in messages
    tags = {record["key"]: record["value"] for record in chaos.records("tag")}
    assert tags["ch_aos.status"] == "failure"
    assert tags["ch_aos.run_id"].startswith("chaos-")


def test_secrets_that_it_misses_are_nowhere(chaos: Installed) -> None:
    """A nested value under a key of mixed case, and the name of who ran it."""
    assert "correct-horse-battery-9" in (EXAMPLE / "0.7.out").read_text()
    chaos.run(REPLAY, "0.7")
    world = [path for path in chaos.cwd.parent.rglob("*") if path.is_file()]
    assert len(world) > 2
    for path in world:
        content = path.read_bytes()
        assert b"correct-horse-battery-9" not in content and b"mara" not in content, path


def test_operations_of_a_step_stand_inside_it(chaos: Installed) -> None:
    """A script that runs it in a step: the step's duration is the host's, nothing adds up twice."""
    script = step(7, f"{shlex.quote(REPLAY)} first")
    chaos.run("sh", "-c", script)
    started = chaos.records("operation.started")
    assert {one["parent"] for one in started if one["name"] != "step 7"} == {f"{7:016x}"}
    host = chaos.report()["hosts"]["@local"]
    (around,) = [entry for entry in host["history"] if entry["operation"] == "step 7"]
    assert around["stdout"] == "Starting pyinfra run\nRules are in place.\nDone.\n"
    assert host["duration"] == around["duration"]


def test_what_the_hook_in_pyinfra_told_is_not_counted_twice(chaos: Installed) -> None:
    """Same host and hash: the hook's output and result stand in the report, once."""
    op, found = f"{9:016x}", "33aee40fce3ba0e1a05bf9b2c2e2ad7c6a1c9b02"
    hook = say("S", op, "", "", "Always fails", host="@local", **{"pyinfra.hash": found})
    end = say("E", op, "", "Always fails", "fail", "the whole truth", host="@local")
    chaos.run("sh", "-c", f"{hook}; {shlex.quote(REPLAY)} 0.7; {end}")
    entries = [one for one in chaos.history() if one["operation"] == "Always fails"]
    assert [entry["stderr"] for entry in entries] == ["the whole truth"]


def test_torn_and_hostile_lines_cost_themselves(chaos: Installed) -> None:
    """Damage is counted; what is whole is recorded; the command's bytes pass."""
    whole = '{"type": "progress", "host": "h", "operation": "a", "success": true, "timestamp": 1}'
    lines = [
        'CHAOS_EVENT::{"type": "progress", "ope',
        "CHAOS_EVENT::" + "[" * 50_000,
        f"CHAOS_EVENT::{whole}CHAOS_EVENT::{whole}",
        "CHAOS_REPORT::" + "x" * (9 << 20),
        f"CHAOS_EVENT::{whole}",
    ]
    (chaos.cwd / "lines").write_text("\n".join(lines))
    done = chaos.run("cat", "lines")
    assert done.stdout == (chaos.cwd / "lines").read_bytes()
    assert len(chaos.history("h")) == 3
    damage = chaos.records("damage")
    assert sum(record.get("count", 1) for record in damage) == 3
    assert {record["where"] for record in damage} == {"input"}
