"""The process that serves the OTLP receiver of one run.

    python -m chaos_otel.pipeline.receive SOCKET_FD CONTROL_FD

Appends what it takes to the inbox, as any other source does; redaction comes behind that. Ends when
the run does: when nobody holds the other end of its control pipe, or the inbox is gone.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from collections.abc import Iterator
from typing import Any

from chaos_otel.emit import lines
from chaos_otel.pipeline.file_limit import raise_file_limit
from chaos_otel.sources.otlp.logs import logs
from chaos_otel.sources.otlp.metrics import Metrics
from chaos_otel.sources.otlp.said import Rejected, Translated
from chaos_otel.sources.otlp.server import Server
from chaos_otel.sources.otlp.spans import spans

LOOK_MS = 1_000
RUN_BYTES_MAX = 256 << 20
WAITING_BYTES_MAX = 16 << 20
WAITING_S = 2.0


class Intake:
    """Takes requests of any thread, one after another, into one inbox.

    What is beyond the limits is not taken: so many bytes in a run, and so many that nobody has
    read yet (it lies in memory). The run is told when that begins, and at each doubling.
    """

    def __init__(self, inbox: str, *, run_bytes_max: int = RUN_BYTES_MAX) -> None:
        self._inbox = inbox
        self._left_bytes = run_bytes_max
        self._lock = threading.Lock()
        self._metrics = Metrics()
        self._rejected = 0
        self._told = 0

    def take(self, signal: str, request: Any) -> tuple[int, str]:
        """How many items were not taken, and why the last was not."""
        with self._lock:
            rejected, reason = 0, ""
            self._wait_for_room()
            for item in self._translated(signal, request):
                if fault := self._append(item):
                    rejected, reason = rejected + 1, fault
            self._tell(rejected, reason)
        return rejected, reason

    def _translated(self, signal: str, request: Any) -> Iterator[Translated]:
        if signal == "traces":
            return spans(request)
        return logs(request) if signal == "logs" else self._metrics.metrics(request)

    def _append(self, item: Translated) -> str:
        if isinstance(item, Rejected):
            return item.reason
        data = lines.encode(item.kind, *item.fields, **item.pairs)
        if len(data) > self._left_bytes:
            return "the run has had as much telemetry as is kept of one"
        if self._waiting_bytes() > WAITING_BYTES_MAX:
            return "telemetry comes faster than it is recorded"
        self._left_bytes -= len(data)
        return "" if lines.append(self._inbox, data) else "the run's inbox takes no more"

    def _wait_for_room(self) -> None:
        tries = int(WAITING_S / 0.05)
        pause = threading.Event()
        while tries and self._waiting_bytes() > WAITING_BYTES_MAX:
            pause.wait(0.05)
            tries -= 1

    def _waiting_bytes(self) -> int:
        """The reader gives back the space behind it, so the file's blocks are what is unread."""
        try:
            return os.stat(self._inbox).st_blocks * 512
        except OSError:
            return 0

    def _tell(self, rejected: int, reason: str) -> None:
        self._rejected += rejected
        if self._rejected >= max(1, 2 * self._told):
            self._told = self._rejected
            words = f"the OTLP receiver did not take {self._rejected} items: {reason}"
            lines.append(self._inbox, lines.encode("V", "", "", "warning", "", words))


def main(socket_fd: int, control_fd: int) -> int:
    """Serve until the run is over."""
    raise_file_limit()
    told = _told(control_fd)
    intake = Intake(told["inbox"])
    server = Server(socket_fd, token=told["token"], take=intake.take)
    threading.Thread(target=server.serve, name="server", daemon=True).start()
    poll = select.poll()
    poll.register(control_fd, select.POLLIN)  # nothing more is written: readable means closed
    while not poll.poll(LOOK_MS) and os.path.exists(told["inbox"]):
        pass
    return 0


def _told(control_fd: int) -> dict[str, str]:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(control_fd, 4096)
        if not chunk:
            raise EOFError("the run ended before it began")
        line += chunk
    told: dict[str, str] = json.loads(line)
    return told


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
