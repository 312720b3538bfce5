"""The event document of a run as a local file: `--events PATH`, one document, replaced whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel.exporters.event_document import EventDocumentExporter
from chaos_otel.exporters.event_document_layout import document_json
from chaos_otel.exporters.report_file import EVENTS, replace
from chaos_otel.exporters.report_spool import write_all
from chaos_otel.pipeline.report_place import report_place
from chaos_otel.records import RunStarted

EVENTS_NAME: Final = "event_document.json"


class EventsFile:
    """Takes the spans of one run, and writes its document where the run's first record says;
    `aside`: into the run's folder."""

    def __init__(self, run_folder: str, started: RunStarted, *, aside: bool = False) -> None:
        self._aside = aside
        self._run_folder = run_folder
        self._started = started
        self._exporter = EventDocumentExporter()

    def export(self, spans: Sequence[ReadableSpan]) -> None:
        """Take spans in, the run's own last."""
        self._exporter.export(spans)

    def write(self) -> tuple[str, str]:
        """Write it, 0600 and all at once; returns where it is and what could not be noted.

        The document of a later run is never replaced: then this one lies in the run's folder.
        Raises ReportError, the old file then being as it was.
        """
        data = document_json(self._exporter.document())
        run_id, wanted = self._started.run_id, self._started.events_path
        with report_place(
            wanted,
            run_id=run_id,
            run_folder=self._run_folder,
            reserved=wanted if self._aside else "",
            name=EVENTS_NAME,
        ) as place:
            replace(place.path, lambda fd: write_all(fd, data), unique=run_id, kind=EVENTS)
        return place.path, place.problem
