"""One run's journal as the event document that a telemetry endpoint is sent, once it is over."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.event_document import EventDocumentExporter
from chaos_otel.exporters.event_document_layout import batch_json
from chaos_otel.journal.line import Entry
from chaos_otel.journal.reader import JournalReader
from chaos_otel.pipeline.run_folder import open_journal
from chaos_otel.recorder.recorder import Recorder
from chaos_otel.store.outbox import Cursor


class DocumentStream:
    """`forward_dispatch.Stream` of one document. Owns its descriptor. Raises OSError where there is
    no journal."""

    def __init__(self, folder: str, cursor: Cursor) -> None:
        self._fd = open_journal(folder)
        self._reader = JournalReader(self._fd)
        self._recorder = Recorder(run_id=os.path.basename(folder))
        self._exporter = EventDocumentExporter()
        self._sent = cursor.documents > 0
        self._documents: list[dict[str, Any]] = []
        self.finished = False

    def close(self) -> None:
        """Close the journal."""
        os.close(self._fd)

    @property
    def waiting(self) -> int:
        """Whether the document is there."""
        return len(self._documents)

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
        """The journal is complete: make the document. Once."""
        self._fold(self._reader.finish())
        if self._reader.last_number:
            self._exporter.export(self._recorder.finish())
            if not self._sent:
                self._documents = [self._exporter.document()]
        self.finished = True

    def batch(self, size: int, *, older_than_s: float) -> tuple[Signal, list[Any], int] | None:
        """The document, when there is one that was not sent."""
        return ("events", self._documents[:size], 0) if self._documents else None

    def drop(self, signal: Signal, count: int) -> None:
        """It is done with."""
        del self._documents[:count]

    def _fold(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._exporter.export(self._recorder.fold(entry.record))


class _Packed(NamedTuple):
    items: Sequence[dict[str, Any]]
    body: bytes
    lost: int = 0


def pack_documents(documents: Sequence[dict[str, Any]]) -> list[_Packed]:
    """The documents as one request; the same ones give the same bytes."""
    return [_Packed(documents, batch_json(documents))]
