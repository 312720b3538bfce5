"""`chaos-otel logs`: our own log, its last lines, and what comes."""

from __future__ import annotations

import subprocess

from chaos_otel.pipeline.own_log import note

from .conftest import COMMAND, Caller


def test_no_log_is_good_news(call: Caller) -> None:
    """A word on stderr, nothing on stdout."""
    done = call("logs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing has gone wrong" in done.stderr


def test_the_last_lines(call: Caller) -> None:
    """As many as were asked for; what steers a terminal is written out."""
    for number in range(5):
        note(str(call.state), "deliver", f"fault {number} \x1b[31m")
    done = call("logs", "-n", "2")
    assert [line.partition("] ")[2] for line in done.stdout.splitlines()] == [
        "fault 3 \\x1b[31m",
        "fault 4 \\x1b[31m",
    ]


def test_what_comes_is_followed(call: Caller) -> None:
    """Line by line, until somebody ends it."""
    note(str(call.state), "deliver", "before")
    with subprocess.Popen(
        [COMMAND, "logs", "--follow"],
        env=call.variables,
        cwd=call.project,
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline().endswith("before\n")
        note(str(call.state), "forward", "after")
        assert following.stdout.readline().endswith("after\n")
        following.terminate()
