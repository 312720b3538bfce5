"""The event document of a run, from its spans: what a telemetry endpoint gets, and `--events`.

Knows the spans that the recorder makes (`semconv.py`), not the records behind them.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, get_args

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from chaos_otel import semconv
from chaos_otel.exporters import event_document_layout as layout
from chaos_otel.exporters.event_document_layout import (
    MESSAGE_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    Error,
    Event,
    EventDocument,
    EventType,
)
from chaos_otel.exporters.event_metrics import metrics_of
from chaos_otel.exporters.otlp_clean import Budget, text

KEPT_OF_TYPE: Final = 240
LEFT_OUT: Final = "[… {} events left out …]"
_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
# a time after this has no four digits of a year
_WALL_S_MAX: Final = 253_402_300_799


class EventDocumentExporter(SpanExporter):
    """Takes the spans of one run, the run's own last; `document` is then its event document.

    Keeps the first events of each type, so that many successes cost no error its place. The same
    spans give the same document.
    """

    def __init__(self) -> None:
        self._events: list[tuple[int, Event]] = []
        self._errors: list[Error] = []
        self._seen: Counter[str] = Counter()
        self._last_words = ""
        self._run: ReadableSpan | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans in. Never raises."""
        for span in spans:
            attributes: Mapping[str, Any] = span.attributes or {}
            if semconv.TASK_RUN_ID in attributes:
                self._operation(span, attributes)
            elif semconv.PIPELINE_RUN_ID in attributes:
                self._end(span, attributes)
            elif semconv.OPERATION_STDERR in attributes:
                self._last_words = _last_line(attributes)
        return SpanExportResult.SUCCESS

    def document(self) -> dict[str, Any]:
        """The document, as plain data and valid. RuntimeError where the run's own span did not
        come."""
        if self._run is None:
            raise RuntimeError("the run's own span is missing")
        run, attributes = self._run, self._run.attributes or {}
        resource = run.resource.attributes
        document = EventDocument(
            timestamp=_time(run.start_time),
            script_name=_name(run.name),
            script_version=_name(resource.get(semconv.SERVICE_VERSION, "")),
            execution_id=_uuid(str(attributes[semconv.PIPELINE_RUN_ID])),
            user_id=_name(resource.get(semconv.USER_HASH, "")),
            environment=_name(resource.get(semconv.DEPLOYMENT_ENVIRONMENT, "")),
            metrics=metrics_of(run, duration_s=_duration_s(run)),
            events=list(self._all_events()),
            errors=self._errors,
            tags=dict(islice(_tags(attributes), layout.TAGS_MAX)),
        )
        plain: dict[str, Any] = msgspec.to_builtins(document)
        layout.validate(plain)
        return plain

    def _operation(self, span: ReadableSpan, attributes: Mapping[str, Any]) -> None:
        operation = str(attributes.get(semconv.TASK_NAME, span.name))
        host = str(attributes.get(semconv.OPERATION_HOST, ""))
        where = {"operation": operation, "host": "" if host == semconv.LOCAL_HOST else host}
        self._said(span, **where)
        if not attributes.get(semconv.OPERATION_COUNTED, True):
            return
        at_ns = span.end_time or 0
        if span.status.status_code is StatusCode.ERROR:
            error_type = str(attributes.get(semconv.ERROR_TYPE, semconv.ERROR_TYPE_OTHER))
            words = span.status.description or _last_line(attributes)
            words = words or f"{operation} failed ({error_type})"
            self._add("error", words, at_ns, **where)
            self._fail(error_type, words, at_ns, **where)
        elif semconv.OPERATION_UNFINISHED in attributes:
            self._add("warning", f"{operation} did not end before the run did", at_ns, **where)
        else:
            self._add("success", f"{operation} succeeded", at_ns, **where)

    def _end(self, run: ReadableSpan, attributes: Mapping[str, Any]) -> None:
        self._run = run
        self._said(run)
        at_ns = run.end_time or 0
        if run.status.status_code is not StatusCode.ERROR:
            self._add("success", f"{run.name} succeeded", at_ns)
            return
        error_type = str(attributes.get(semconv.ERROR_TYPE, semconv.ERROR_TYPE_OTHER))
        words = self._last_words or _last_line(attributes)
        words = f"{run.name} failed ({error_type})" + (f": {words}" if words else "")
        self._add("error", words, at_ns)
        self._fail(error_type, words, at_ns)

    def _said(self, span: ReadableSpan, *, operation: str = "", host: str = "") -> None:
        """The events that the script said itself."""
        for event in span.events:
            what = event.name.removeprefix(semconv.EVENT_PREFIX)
            kind: Any = "warning" if what == "interrupted" else what
            if kind in _TYPES:
                said = event.attributes or {}
                words = str(said.get(semconv.EVENT_MESSAGE, ""))
                name = operation or str(said.get(semconv.TASK_NAME, ""))
                self._add(kind, words, event.timestamp, operation=name, host=host)

    def _add(
        self, kind: EventType, words: str, at_ns: int, *, operation: str = "", host: str = ""
    ) -> None:
        self._seen[kind] += 1
        if self._seen[kind] <= KEPT_OF_TYPE:
            event = Event(
                type=kind,
                message=_message(words),
                timestamp=_time(at_ns),
                operation=_name(operation),
                host=_name(host),
            )
            self._events.append((at_ns, event))

    def _fail(
        self, error_type: str, words: str, at_ns: int, *, operation: str = "", host: str = ""
    ) -> None:
        error = Error(
            type=_name(error_type),
            message=_message(words),
            timestamp=_time(at_ns),
            operation=_name(operation),
            host=_name(host),
        )
        if len(self._errors) < layout.ERRORS_MAX:
            self._errors.append(error)
        else:  # the run's own comes last, and matters most
            self._errors[-1] = error

    def _all_events(self) -> Iterator[Event]:
        ordered = sorted(self._events, key=lambda pair: pair[0])
        yield from (event for _, event in ordered)
        if missing := self._seen.total() - len(ordered):
            at_ns = self._run.end_time if self._run is not None else 0
            words = LEFT_OUT.format(missing)
            yield Event(type="warning", message=words, timestamp=_time(at_ns))


def _tags(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, said in attributes.items():
        if key.startswith(semconv.TAG_PREFIX):
            yield _name(key.removeprefix(semconv.TAG_PREFIX)), _message(said)


def _duration_s(span: ReadableSpan) -> float:
    return max(0, (span.end_time or 0) - (span.start_time or 0)) / 1e9


def _time(wall_ns: int | None) -> str:
    seconds = min(max(0, wall_ns or 0) // 1_000_000_000, _WALL_S_MAX)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _uuid(run_id: str) -> str:
    """A run's id is a UUID without its dashes; what stands in for a lost one is made into one."""
    if len(run_id) == 32:
        try:
            return str(uuid.UUID(hex=run_id))
        except ValueError:
            pass
    data = run_id.encode("utf-8", "backslashreplace")
    return str(uuid.UUID(bytes=blake2b(data, digest_size=16).digest()))


def _last_line(attributes: Mapping[str, Any]) -> str:
    stderr = str(attributes.get(semconv.OPERATION_STDERR, ""))
    return stderr[-10_000:].strip().rpartition("\n")[2].strip()


def _name(said: object) -> str:
    return text(said, Budget(), limit=NAME_CHARACTERS_MAX)


def _message(said: object) -> str:
    return text(said, Budget(), limit=MESSAGE_CHARACTERS_MAX)
