"""One run's journal as what a destination is sent: spans and log records, in order and numbered.

The fold is the same each time, so the ordinal of a record is a place to go on from: what a cursor
has passed is folded and left out. Holds one batch of each signal and what is open in the run.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel.config.destination import Signal
from chaos_otel.pipeline.journal_stream import JournalStream
from chaos_otel.store.outbox import Cursor

SIGNALS: Final[tuple[Signal, ...]] = ("traces", "logs")


class _Queue:
    """Records of one signal: those before `skip` are passed, `first` is the ordinal of the next."""

    def __init__(self, skip: int) -> None:
        self.skip = skip
        self.seen = 0
        self.first = skip
        self.items: deque[Any] = deque()
        self.since_s = 0.0

    def add(self, items: Iterable[Any]) -> None:
        for item in items:
            self.seen += 1
            if self.seen > self.skip:
                if not self.items:
                    self.since_s = time.monotonic()
                self.items.append(item)

    def drop(self, count: int) -> None:
        for _ in range(count):
            self.items.popleft()
        self.first += count
        self.since_s = time.monotonic()


class RunStream(JournalStream):
    """Spans and log records; `signals` are those that the destination takes."""

    def __init__(self, folder: str, cursor: Cursor, *, signals: Iterable[Signal]) -> None:
        wanted = set(signals)
        skips: tuple[tuple[Signal, int], ...] = (("traces", cursor.spans), ("logs", cursor.logs))
        self._queues = {name: _Queue(skip) for name, skip in skips if name in wanted}
        super().__init__(folder, logs="logs" in self._queues)

    @property
    def waiting(self) -> int:
        """The most records of a signal that are held."""
        return max((len(queue.items) for queue in self._queues.values()), default=0)

    def batch(self, size: int, *, older_than_s: float) -> tuple[Signal, list[Any], int] | None:
        """The next records of a signal that is due, with the ordinal of the first: so many of
        them, or fewer once the first has waited so long or there will be no more."""
        for signal, queue in self._queues.items():
            aged = queue.items and time.monotonic() - queue.since_s >= older_than_s
            if len(queue.items) >= size or aged or (queue.items and self.finished):
                return signal, list(islice(queue.items, size)), queue.first
        return None

    def drop(self, signal: Signal, count: int) -> None:
        """The next so many are done with."""
        self._queues[signal].drop(count)

    def _take(self, spans: Sequence[ReadableSpan]) -> None:
        queues = self._queues
        if "traces" in queues:
            queues["traces"].add(spans)
        if "logs" in queues:
            queues["logs"].add(self._recorder.take_logs())
