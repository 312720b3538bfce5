"""A Ctrl-C after the command has ended skips what is left of our work, and loses nothing of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for

OPERATIONS = 60_000

# Says much at once, so that capture is still reading when the program has ended.
TALKER = f"""
import os
from chaos_otel.emit import lines
ops = ["%016x" % n for n in range(1, {OPERATIONS} + 1)]
start, end = (lambda op: lines.encode("S", op, "", "", "op")), (
    lambda op: lines.encode("E", op, "", "op", "ok", ""))
said = [start(op) + end(op) for op in ops]
inbox = os.open(os.environ["CHAOS_OTEL_INBOX"], os.O_WRONLY | os.O_APPEND)
for first in range(0, len(said), 500):
    os.write(inbox, b"".join(said[first:first + 500]))
open("finished", "w").close()
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def test_an_interrupt_after_the_command_leaves_the_rest_to_deliver(installed: Installed) -> None:
    """The command's own status at once; the report comes later, whole, and is no interruption."""
    script = installed.cwd / "talker.py"
    script.write_text(TALKER)
    run = installed.start("run", "-q", "--", sys.executable, str(script))
    wait_for((installed.cwd / "finished").exists)
    while run.poll() is None:
        os.kill(run.pid, signal.SIGINT)
        time.sleep(0.05)
    assert run.returncode in (0, -signal.SIGINT)  # the command itself may have been ending still
    wait_for((installed.cwd / "chaos_report.json").exists, seconds=120)
    summary = installed.report()["summary"]
    assert summary["total_operations"] == OPERATIONS
    assert installed.records("damage") == []
    expected = "success" if run.returncode == 0 else "failure"
    assert summary["status"] == expected


def test_all_that_was_said_at_the_end_is_taken_in(installed: Installed) -> None:
    """However much waited when the command ended: it was lost where more had been read ahead than
    one slice of work writes."""
    script = installed.cwd / "talker.py"
    script.write_text(TALKER)
    done = installed.call("run", "-q", "--", sys.executable, str(script), timeout=120)
    assert done.returncode == 0
    wait_for((installed.cwd / "chaos_report.json").exists, seconds=120)
    assert installed.report()["summary"]["total_operations"] == OPERATIONS
    assert installed.records("damage") == []


def test_output_from_before_the_end_is_out_when_we_leave(installed: Installed) -> None:
    """Also where the signal came before the command's end and we looked only afterwards: it was
    taken for a wish to leave, and `deliver` wrote the command's last words behind our end."""
    script = installed.script(
        "kill -STOP $PPID; echo said; kill -TERM $PPID\n"
        "(sleep 0.3; kill -CONT $PPID) >/dev/null 2>&1 &\n"
    )
    for _ in range(3):
        with (installed.cwd / "said").open("wb") as out:
            run = installed.start("run", "-q", "--", "sh", script, stdout=out)
            assert run.wait(60) == 0
        assert (installed.cwd / "said").read_bytes() == b"said\n"
