"""What the monitor and we tell each other: reports of a fixed size, and orders of one letter.

Knows neither what the monitor does nor what we make of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from chaos_otel.runner.contract import Usage

# A pipe keeps the orders in order, which pending signals do not; but the monitor waits for signals.
BELL = signal.SIGUSR1

_REPORT = struct.Struct("=Bi2d5q")
_NO_USAGE = Usage(0.0, 0.0, 0, 0, 0, 0, 0)
_PEAK = Usage._fields.index("memory_peak_bytes")
_UNKNOWN = -1

REPORT_BYTES = _REPORT.size  # less than PIPE_BUF: a report is written whole or not at all


class Order(Enum):
    """What the monitor is to do; a letter in the pipe."""

    TO_FRONT = b"f"
    TO_BACK = b"b"
    GO_ON = b"c"


class Kind(IntEnum):
    """What a report says; `Report.value` is the errno, the pid, the signal or `wait4`'s status."""

    FAILED = 0
    STARTED = 1
    STOPPED = 2
    CONTINUED = 3
    ENDED = 4


class Report(NamedTuple):
    """One change of the command."""

    kind: Kind
    value: int
    usage: Usage = _NO_USAGE

    def encode(self) -> bytes:
        """As it passes through the pipe."""
        usage = (_UNKNOWN if figure is None else figure for figure in self.usage)
        return _REPORT.pack(self.kind, self.value, *usage)

    @classmethod
    def decode(cls, data: bytes) -> Report:
        """The report of which `encode` made this."""
        kind, value, *usage = _REPORT.unpack(data)
        if usage[_PEAK] == _UNKNOWN:
            usage[_PEAK] = None
        return cls(Kind(kind), value, Usage(*usage))


@dataclass(frozen=True, slots=True)
class MonitorLine:
    """Our end of it. The monitor is our child and not waited for, so its pid is its own."""

    pid: int
    report_fd: int
    orders_fd: int

    def order(self, order: Order) -> None:
        """Have something done, after what was ordered before. Nothing happens if it has ended."""
        with contextlib.suppress(OSError):
            os.write(self.orders_fd, order.value)
            os.kill(self.pid, BELL)
