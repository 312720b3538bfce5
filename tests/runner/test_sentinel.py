"""The sentinel knows what the group was sent, and is seen by nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.installed import wait_for

# In a group of its own: makes a sentinel, does what it is told, prints what the sentinel says.
HEAD = """
import os, signal, sys, time
from chaos_otel.runner.sentinel import Sentinel
for n in (signal.SIGUSR1, signal.SIGTSTP, signal.SIGCONT, 40):
    signal.signal(n, lambda *_: None)
sentinel = Sentinel()
(pid,) = open("/proc/self/task/%d/children" % os.getpid()).read().split()
def group(n): os.killpg(0, n)
def me(n): os.kill(os.getpid(), n)
def say(n): print(sentinel.take(n), flush=True)
"""


def _say(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + script],
        capture_output=True,
        text=True,
        process_group=0,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("say(10)", "False"),
        ("me(10); say(10)", "False"),
        ("group(10); say(10); say(10)", "True False"),
        ("group(10); group(10); say(10); say(10)", "True False"),
        ("group(40); group(40); say(40); say(40); say(40)", "True True False"),
        ("group(20); group(18); say(20); say(18); say(18)", "True True False"),
        ("group(18); group(20); say(18); say(20); say(20)", "True True False"),
        ("group(20); say(20); me(18); say(18)", "True False"),
    ],
)
def test_what_the_group_was_sent(script: str, said: str) -> None:
    """Each sending once, coalesced as the kernel coalesces; stop and continue undo each other."""
    assert _say(script).split() == said.split()


@pytest.mark.parametrize("end", ["kill(int(pid), 9)", "kill(int(pid), 19)"])
def test_without_it_every_signal_is_passed_on(end: str) -> None:
    """Killed or stopped by somebody: rather twice than never."""
    assert _say(f"os.{end}; time.sleep(0.1); group(10); say(10)") == "False\n"


def test_it_holds_nothing_open_and_has_another_name() -> None:
    """Neither our caller's pipes nor our folder, and no pattern for the command finds it."""
    show = """
sentinel.take(10)  # it answers when it is ready
print(sorted(os.readlink(f"/proc/{pid}/fd/{fd}")[:5] for fd in os.listdir(f"/proc/{pid}/fd")))
print(os.readlink(f"/proc/{pid}/cwd"))
print(open(f"/proc/{pid}/comm").read().strip(), open(f"/proc/{pid}/cmdline").read().strip("\\0"))
"""
    assert _say(show).splitlines() == [
        "['pipe:', 'pipe:']",
        "/",
        "chaos-signals chaos-signals",
    ]


def test_it_ends_with_us() -> None:
    """Killed or not, we leave nobody behind."""
    pid = _say("print(pid)").strip()
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    with subprocess.Popen(
        [sys.executable, "-c", HEAD + "print(pid, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        pid = process.stdout.readline().strip()
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{pid}").exists())
