"""`--timeout`: the command and all that it started are ended, and nobody else."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.installed import Installed, wait_for

QUICK = ("--no-report", "--no-wait")


def test_a_command_that_takes_too_long_is_ended(chaos: Installed) -> None:
    """By SIGTERM, status 124, even if it makes an orderly exit of it."""
    script = 'trap "echo ended; exit 0" TERM; echo begun; sleep 60 & wait'
    ours = chaos.call("run", "-q", *QUICK, "--timeout", "1", "--", "sh", "-c", script, timeout=60)
    assert (ours.returncode, ours.stdout) == (124, b"begun\nended\n")


def test_one_that_does_not_care_is_killed(chaos: Installed) -> None:
    """After `--kill-after`."""
    script = 'trap "" TERM; while :; do sleep 0.1; done'
    ours = chaos.call(
        *("run", "-q", *QUICK, "--timeout", "0.5", "--kill-after", "0.5", "--", "sh", "-c", script),
        timeout=60,
    )
    assert ours.returncode == 124


def test_a_quick_command_is_left_alone(chaos: Installed) -> None:
    """Its status is its own."""
    ours = chaos.call("run", "-q", *QUICK, "--timeout", "60", "--", "sh", "-c", "exit 3")
    assert ours.returncode == 3


def test_descendants_are_ended_whatever_session_they_are_in(chaos: Installed) -> None:
    """Children of children, in groups and sessions of their own, those that ignore SIGTERM too."""
    ignoring = 'trap "" TERM; echo $$ >>pids; while :; do sleep 0.1; done'
    script = (
        f"setsid sh -c '{ignoring}' & sh -c 'sh -c \"echo \\$\\$ >>pids; sleep 60\" & wait' & "
        "echo $$ >>pids; wait"
    )
    ours = chaos.call(
        *("run", "-q", *QUICK, "--timeout", "1", "--kill-after", "0.5", "--", "sh", "-c", script),
        timeout=60,
    )
    assert ours.returncode == 124
    pids = (chaos.cwd / "pids").read_text().split()
    assert len(pids) == 3
    wait_for(lambda: not any(_lives(pid) for pid in pids), seconds=30)


def _lives(pid: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_stopped_command_is_ended_too(chaos: Installed) -> None:
    """SIGTERM alone would wait until somebody lets it go on, and we must not stop with it."""
    command = ("sh", "-c", "kill -STOP $$")
    ours = chaos.call("run", "-q", *QUICK, "--timeout", "1", "--", *command, timeout=60)
    assert ours.returncode == 124


def test_the_callers_process_group_is_not_touched(chaos: Installed) -> None:
    """A sibling of ours in the same group lives on."""
    script = (
        f"sleep 30 & sibling=$!; {chaos.command} run -q --no-report --no-wait --timeout 0.5 "
        "-- sleep 60; echo $?; kill -0 $sibling && echo lives; kill $sibling"
    )
    done = chaos.bare("sh", "-c", script, timeout=60, start_new_session=True)
    assert done.stdout == b"124\nlives\n"
