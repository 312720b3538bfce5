"""One run's journal as what a destination is sent: spans and log records, in order and numbered.

The fold is the same each time, so the ordinal of a record is a place to go on from: what a cursor
has passed is folded and left out. Holds one batch of each signal and what is open in the run.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from chaos_otel.config.destination import Signal
from chaos_otel.journal.line import Entry
from chaos_otel.journal.reader import JournalReader
from chaos_otel.pipeline.run_folder import open_journal
from chaos_otel.recorder.recorder import Recorder
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


class RunStream:
    """Follows a journal that may still grow. Owns its descriptor. Raises OSError where there is no
    journal. `signals` are those that the destination takes."""

    def __init__(self, folder: str, cursor: Cursor, *, signals: Iterable[Signal]) -> None:
        self._fd = open_journal(folder)
        self._reader = JournalReader(self._fd)
        wanted = set(signals)
        skips: tuple[tuple[Signal, int], ...] = (("traces", cursor.spans), ("logs", cursor.logs))
        self._queues = {name: _Queue(skip) for name, skip in skips if name in wanted}
        self._recorder = Recorder(run_id=os.path.basename(folder), logs="logs" in self._queues)
        self.finished = False

    def close(self) -> None:
        """Close the journal."""
        os.close(self._fd)

    @property
    def waiting(self) -> int:
        """The most records of a signal that are held."""
        return max((len(queue.items) for queue in self._queues.values()), default=0)

    @property
    def ended(self) -> bool:
        """Whether the journal says how the run ended."""
        return self._reader.last_number > 0 and self._recorder.run.ended is not None

    @property
    def script(self) -> str:
        """The run's name so far."""
        return self._recorder.run.name if self._reader.last_number else ""

    def read(self) -> bool:
        """Take in what is new, a MiB or so; whether there was anything."""
        entries = self._reader.read()
        self._fold(entries or ())
        return entries is not None

    def finish(self) -> None:
        """The journal is complete: take in its rest, and what is open. Once."""
        self._fold(self._reader.finish())
        if self._reader.last_number:
            self._take(self._recorder.finish())
        self.finished = True

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

    def _fold(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._take(self._recorder.fold(entry.record))

    def _take(self, spans: Iterable[Any]) -> None:
        queues = self._queues
        if "traces" in queues:
            queues["traces"].add(spans)
        if "logs" in queues:
            queues["logs"].add(self._recorder.take_logs())
