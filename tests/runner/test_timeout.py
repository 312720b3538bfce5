"""Whom a time limit finds."""

from __future__ import annotations

import os
import subprocess
import sys

from chaos_otel.clock import now
from chaos_otel.runner.loop import Loop
from chaos_otel.runner.spawn import ForeignProcess
from chaos_otel.runner.timeout import TimeLimit

ENTRY = b"CHAOS_OTEL_TEST_ENTRY=one-and-only"


def test_a_descendant_without_parents_is_recognised_by_its_environment() -> None:
    """One that went to another session and whose parents have ended; others live on."""
    lost = (
        "import os, sys; os.fork() and os._exit(0); os.setsid(); print(os.getpid(), flush=True); "
        "sys.stdin.read()"
    )
    env = {**os.environ, ENTRY.decode().partition("=")[0]: "one-and-only"}
    with (
        subprocess.Popen(
            [sys.executable, "-c", lost], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as wrapped,
        subprocess.Popen(["sleep", "60"]) as other,
    ):
        assert wrapped.stdout is not None and wrapped.stdin is not None
        pidfd = os.pidfd_open(int(wrapped.stdout.readline()))
        loop = Loop()
        process = ForeignProcess(wrapped.pid, os.pidfd_open(wrapped.pid), started=now())
        limit = TimeLimit(loop, process, timeout_s=0, kill_after_s=None, recognised_by=ENTRY)
        loop.turn(1)
        ended: list[int] = []
        loop.add(pidfd, 1, ended.append)
        loop.turn(30)
        assert limit.expired and ended
        limit.close()
        assert other.poll() is None
        other.kill()
        os.close(pidfd)
        os.close(process.fileno())
