"""What the command's whole process tree uses, sampled from beside it. Loaded in `deliver` only.

A sample is an inbox line like any other, so that the journal has it and nobody else has to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import psutil

from chaos_otel import clock
from chaos_otel.emit import lines

EVERY_S = 1.0


class Sampler:
    """Samples the tree below a process, at most once a second; quiet where it has gone."""

    def __init__(
        self, pid: int, inbox: str, *, on_process: Callable[[Sequence[str]], object]
    ) -> None:
        """`on_process` is called with the command line of every process in every sample."""
        self._pid = pid
        self._inbox = inbox
        self._on_process = on_process
        self._next_s = 0.0

    def turn(self) -> None:
        """Take a sample if one is due."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        try:
            root = psutil.Process(self._pid)
            processes = [root, *root.children(recursive=True)]
        except psutil.Error:
            return
        for process in processes:
            self._show(process)
        self._say([use for process in processes if (use := _use(process))])

    def _show(self, process: psutil.Process) -> None:
        try:
            self._on_process(process.cmdline())
        except psutil.Error:
            pass

    def _say(self, uses: list[tuple[float, int]]) -> None:
        if not uses:
            return
        line = lines.encode(
            "R",
            lines.stamp(*clock.now()),
            cpu_s=f"{sum(cpu_s for cpu_s, _ in uses):.3f}",
            memory_bytes=sum(memory for _, memory in uses),
            processes=len(uses),
        )
        lines.append(self._inbox, line)


def _use(process: psutil.Process) -> tuple[float, int] | None:
    try:
        with process.oneshot():
            times = process.cpu_times()
            return times.user + times.system, process.memory_info().rss
    except psutil.Error:
        return None
