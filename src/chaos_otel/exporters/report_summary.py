"""What a report comes to, for those who need its sums and not its text."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final

from chaos_otel.exporters.report_layout import Counts

SLOWEST_KEPT: Final = 5
FAILURES_KEPT: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Timed:
    """An operation and its seconds; compares by them, of equals the earlier is the greater."""

    duration_s: float
    order: int
    operation: str
    host: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that failed; `detail` is the last line of its stderr."""

    operation: str
    host: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """`status` is success or failure, as in the report; `error_type` the run's own, if it failed.

    `run_duration_s` is the run's span; `total_duration_s` the report's sum over hosts. `slowest`
    comes slowest first, `failures` are the first of `counts.failed`.
    """

    status: str
    counts: Counts
    hosts: int
    total_duration_s: float
    run_name: str = ""
    run_duration_s: float = 0.0
    error_type: str = ""
    interrupted: bool = False
    unfinished: int = 0
    slowest: tuple[Timed, ...] = ()
    failures: tuple[Failure, ...] = ()


class Highlights:
    """Keeps the few slowest operations and the first few failures of any number."""

    def __init__(self) -> None:
        self._slowest: list[Timed] = []
        self._seen = 0
        self.failures: list[Failure] = []

    def add(self, operation: str, host: str, *, duration_ns: int) -> None:
        """Note an operation's duration."""
        self._seen += 1
        slowest = self._slowest
        if len(slowest) < SLOWEST_KEPT:
            heapq.heappush(slowest, Timed(duration_ns / 1e9, -self._seen, operation, host))
        elif duration_ns / 1e9 > slowest[0].duration_s:
            heapq.heapreplace(slowest, Timed(duration_ns / 1e9, -self._seen, operation, host))

    def add_failure(self, operation: str, host: str, stderr: str) -> None:
        """Note a failure."""
        if len(self.failures) < FAILURES_KEPT:
            last = stderr[-10_000:].strip().rpartition("\n")[2].strip()
            self.failures.append(Failure(operation, host, last))

    def slowest(self) -> tuple[Timed, ...]:
        """The slowest first; of equals, the earlier first."""
        return tuple(sorted(self._slowest, reverse=True))
