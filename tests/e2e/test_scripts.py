"""Scripts with the shell library, wrapped and not: their report is exact, they do not notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for

LIBRARY = Path(__file__).parents[2] / "src/chaos_otel/emit/utils.sh"

# To the letter what existing scripts do.
EXISTING = """#!/bin/bash
source "$(dirname "$0")/telemetry/utils.sh"
telemetry_init "deploy-service" "v1.0.0"
telemetry_start_timer "deployment"
echo "Deploying service..."
if [ $? -eq 0 ]; then telemetry_track_success "deployment"
else telemetry_track_error "deployment" "Script failed with exit code $?"; fi
telemetry_record_metric "execution_time" "$(telemetry_get_duration)"
telemetry_record_metric "memory_usage" "$(telemetry_get_memory_usage)"
telemetry_flush
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own, the library beside the scripts."""
    installed = Installed(tmp_path)
    (installed.cwd / "telemetry").mkdir()
    (installed.cwd / "telemetry/utils.sh").write_bytes(LIBRARY.read_bytes())
    return installed


def test_an_existing_script_runs_unchanged_in_the_wrapper(installed: Installed) -> None:
    """It names the run; its step has its output; its metrics are recorded."""
    done = installed.run(installed.script(EXISTING))
    assert (done.returncode, done.stdout) == (0, b"Deploying service...\n")
    assert b"success  deploy-service" in done.stderr
    (entry,) = installed.history()
    assert (entry["operation"], entry["stdout"]) == ("deployment", "Deploying service...\n")
    assert {one["name"] for one in installed.records("metric")} == {
        "execution_time",
        "memory_usage",
    }
    named = installed.records("run.named")[0]
    assert (named["name"], named["version"]) == ("deploy-service", "v1.0.0")


def test_an_existing_script_runs_unchanged_without_the_wrapper(installed: Installed) -> None:
    """The script waits for nothing; its report comes in the background, where it was started."""
    path = Path(installed.command).parent
    installed.env["PATH"] = f"{path}:{installed.env['PATH']}"
    done = installed.bare(installed.script(EXISTING))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Deploying service...\n", b"")
    wait_for((installed.cwd / "chaos_report.json").exists)
    wait_for(lambda: installed.records("run.ended"))
    report = installed.report()
    assert report["summary"]["status"] == "success"
    assert [one["operation"] for one in installed.history()] == ["deployment"]
    wait_for(lambda: not [one for one in installed.runtime.rglob("*") if one.is_file()])


def test_a_script_without_the_wrapper_that_dies_is_a_failure(installed: Installed) -> None:
    """Nobody said that it was complete: its open step is marked, the run has failed."""
    path = Path(installed.command).parent
    installed.env["PATH"] = f"{path}:{installed.env['PATH']}"
    script = (
        '#!/bin/bash\n. telemetry/utils.sh\ntelemetry_init "x"\n'
        'telemetry_start_timer "half"\nkill -9 $$\n'
    )
    assert installed.bare(installed.script(script)).returncode == -9
    wait_for((installed.cwd / "chaos_report.json").exists)
    assert installed.report()["summary"]["status"] == "failure"
    assert [one["operation"] for one in installed.history()] == ["half"]


def test_the_report_of_a_flush_does_not_wait_for_the_end(installed: Installed) -> None:
    """A script that goes on after it has said that it is complete has its report already; what
    comes later is in the one that its end writes."""
    path = Path(installed.command).parent
    installed.env["PATH"] = f"{path}:{installed.env['PATH']}"
    script = (
        '#!/bin/bash\n. telemetry/utils.sh\ntelemetry_init "x"\n'
        "telemetry_step one -- true\ntelemetry_flush\nread -r _\n"
        "telemetry_step two -- true\ntelemetry_flush\n"
    )
    with subprocess.Popen(
        [installed.script(script)], cwd=installed.cwd, env=installed.env, stdin=subprocess.PIPE
    ) as running:
        wait_for((installed.cwd / "chaos_report.json").exists)
        assert [one["operation"] for one in installed.history()] == ["one"]
        running.communicate(b"\n", timeout=60)
    wait_for(lambda: [one["operation"] for one in installed.history()] == ["one", "two"])


def test_a_script_goes_on_where_there_is_no_command_of_ours(installed: Installed) -> None:
    """Without wrapper and interpreter the library does nothing, and says nothing."""
    script = '#!/bin/sh\n. telemetry/utils.sh\ntelemetry_init "x"\ntelemetry_step s -- echo hi\n'
    installed.env["PATH"] = "/usr/bin:/bin"
    done = installed.bare(installed.script(script))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hi\n", b"")


@pytest.mark.parametrize("steps", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_output_belongs_to_the_step_that_printed_it(installed: Installed, steps: int) -> None:
    """Each of many quick steps has its own lines on both outputs, and only those."""
    script = f"""#!/bin/bash
. telemetry/utils.sh
telemetry_init many
for ((i = 0; i < {steps}; i++)); do
    telemetry_start_timer "step $i"
    echo "out $i"
    echo "err $i" >&2
    telemetry_track_success "step $i"
done
"""
    done = installed.call("run", "-q", "--", installed.script(script))
    assert done.stdout == b"".join(b"out %d\n" % n for n in range(steps))
    assert done.stderr == b"".join(b"err %d\n" % n for n in range(steps))
    seen = [(one["operation"], one["stdout"], one["stderr"]) for one in installed.history()]
    assert seen == [(f"step {n}", f"out {n}\n", f"err {n}\n") for n in range(steps)]


def test_nested_steps_keep_their_own_output(installed: Installed) -> None:
    """What an outer step prints before and after an inner one stays the outer one's."""
    script = """#!/bin/bash
. telemetry/utils.sh
telemetry_init nested
telemetry_start_timer outer
echo a
telemetry_start_timer inner
echo b
telemetry_track_success inner
echo c
telemetry_track_success outer
echo d
"""
    done = installed.run(installed.script(script))
    assert done.stdout == b"a\nb\nc\nd\n"
    seen = [(one["operation"], one["stdout"]) for one in installed.history()]
    assert seen == [("inner", "b\n"), ("outer", "a\nc\n")]
    assert installed.report()["hosts"]["@local"]["duration"] == installed.history()[1]["duration"]


def test_a_retried_step_says_how_often(installed: Installed) -> None:
    """Retry statistics of a step that succeeded on its third try."""
    script = """#!/bin/bash
. telemetry/utils.sh
n=0
flaky() { n=$((n + 1)); [ "$n" -ge 3 ]; }
telemetry_init retries
telemetry_retry 5 flaky -- flaky
echo "$?"
"""
    done = installed.run(installed.script(script))
    assert done.stdout == b"0\n"
    (entry,) = installed.history()
    assert entry["success"] is True
    assert entry["retry_statistics"]["retry_info"] == {
        "retry_attempts": 2,
        "max_retries": 4,
        "was_retried": True,
        "retry_succeeded": True,
    }


def test_an_error_s_message_fills_an_empty_stderr(installed: Installed) -> None:
    """So that a report tells why, where nothing was printed."""
    script = """#!/bin/bash
. telemetry/utils.sh
telemetry_init errors
telemetry_start_timer silent
telemetry_track_error silent "disk is full"
telemetry_track_error never "was not started"
"""
    installed.run(installed.script(script))
    seen = [(e["operation"], e["success"], e["stderr"], e["duration"]) for e in installed.history()]
    assert [one[:3] for one in seen] == [
        ("silent", False, "disk is full"),
        ("never", False, "was not started"),
    ]
    assert seen[1][3] == 0


def test_programs_inside_a_step_are_below_it(installed: Installed) -> None:
    """TRACEPARENT names the innermost open step, and a wrapper inside of it is its child."""
    script = f"""#!/bin/bash
. telemetry/utils.sh
telemetry_init parents
telemetry_start_timer outer
{installed.command} run --name below -- true
telemetry_track_success outer
"""
    installed.run(installed.script(script))
    started = {one["name"]: one for one in installed.records("operation.started")}
    assert started["below"]["parent"] == started["outer"]["op"]


def test_parallel_jobs_tear_no_lines(installed: Installed) -> None:
    """Forty background jobs record at once: every step is there, nothing is damaged."""
    script = """#!/bin/bash
. telemetry/utils.sh
telemetry_init parallel
for ((i = 0; i < 40; i++)); do
    ( for ((k = 0; k < 25; k++)); do telemetry_step "job $i/$k" -- true; done ) &
done
wait
"""
    done = installed.run(installed.script(script), timeout=120)
    assert done.returncode == 0
    names = {one["operation"] for one in installed.history()}
    assert names == {f"job {i}/{k}" for i in range(40) for k in range(25)}
    assert installed.records("damage") == []


def test_the_library_is_found_by_its_command(installed: Installed) -> None:
    """`shell-lib` prints a path that can be sourced."""
    printed = installed.call("shell-lib").stdout.decode().strip()
    assert Path(printed).read_bytes() == LIBRARY.read_bytes()
    assert shutil.which("bash")
    started = time.monotonic()
    done = installed.bare("bash", "-c", f'set -eu; . "{printed}"; telemetry_flush; echo ok')
    assert done.stdout == b"ok\n" and time.monotonic() >= started


def test_no_limit_of_output_without_the_wrapper(installed: Installed) -> None:
    """0 keeps all that a hook says; it kept nothing."""
    path = Path(installed.command).parent
    installed.env["PATH"] = f"{path}:{installed.env['PATH']}"
    installed.env["CHAOS_OTEL_OUTPUT_LIMIT"] = "0"
    said = "from chaos_otel.emit import lines; import os; print(lines.encode("
    said += "'X', os.environ['CHAOS_OTEL_OPERATION'], '', '1', 'printed').decode(), end='')"
    script = installed.script(
        f'. "{LIBRARY}"\ntelemetry_init hooked\ntelemetry_start_timer step\n'
        f'"{sys.executable}" -c "{said}" >>"$CHAOS_OTEL_INBOX"\n'
        "telemetry_track_success step\n"
    )
    assert installed.bare("bash", script).returncode == 0
    wait_for((installed.cwd / "chaos_report.json").exists)
    assert installed.history()[-1]["stdout"] == "printed"
