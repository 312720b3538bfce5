"""One run's journal as the event document that a telemetry endpoint is sent, once it is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.event_document import EventDocumentExporter
from chaos_otel.exporters.event_document_layout import batch_json
from chaos_otel.pipeline.journal_stream import JournalStream
from chaos_otel.store.outbox import Cursor


class DocumentStream(JournalStream):
    """`forward_dispatch.Stream` of one document."""

    def __init__(self, folder: str, cursor: Cursor) -> None:
        super().__init__(folder)
        self._exporter = EventDocumentExporter()
        self._sent = cursor.documents > 0
        self._documents: list[dict[str, Any]] = []

    @property
    def waiting(self) -> int:
        """Whether the document is there."""
        return len(self._documents)

    def finish(self) -> None:
        """The journal is complete: make the document. Once."""
        super().finish()
        if self._reader.last_number and not self._sent:
            self._documents = [self._exporter.document()]

    def batch(self, size: int, *, older_than_s: float) -> tuple[Signal, list[Any], int] | None:
        """The document, when there is one that was not sent."""
        return ("events", self._documents[:size], 0) if self._documents else None

    def drop(self, signal: Signal, count: int) -> None:
        """It is done with."""
        del self._documents[:count]

    def _take(self, spans: Sequence[ReadableSpan]) -> None:
        self._exporter.export(spans)


class _Packed(NamedTuple):
    items: Sequence[dict[str, Any]]
    body: bytes
    lost: int = 0


def pack_documents(documents: Sequence[dict[str, Any]]) -> list[_Packed]:
    """The documents as one request; the same ones give the same bytes."""
    return [_Packed(documents, batch_json(documents))]
