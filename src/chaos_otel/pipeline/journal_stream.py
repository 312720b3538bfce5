"""A run's journal, folded as it grows: what every stream to a destination does alike.

Knows nothing of what becomes of the spans.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel.journal.line import Entry
from chaos_otel.journal.reader import JournalReader
from chaos_otel.pipeline.run_folder import open_journal
from chaos_otel.recorder.recorder import Recorder


class JournalStream(ABC):
    """Follows a journal. Owns its descriptor. Raises OSError where there is no journal."""

    def __init__(self, folder: str, *, logs: bool = False) -> None:
        self._fd = open_journal(folder)
        self._reader = JournalReader(self._fd)
        self._recorder = Recorder(run_id=os.path.basename(folder), logs=logs)
        self.finished = False

    def close(self) -> None:
        """Close the journal."""
        os.close(self._fd)

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

    @abstractmethod
    def _take(self, spans: Sequence[ReadableSpan]) -> None:
        """What became of one record, or of the end."""

    def _fold(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._take(self._recorder.fold(entry.record))
