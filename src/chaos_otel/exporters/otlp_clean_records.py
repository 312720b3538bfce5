"""Spans and log records as every OTLP receiver takes them. Knows the SDK's model, no encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from chaos_otel import semconv
from chaos_otel.exporters import otlp_clean as clean
from chaos_otel.exporters.otlp_clean import Budget

EVENTS_MAX: Final = 2_000
LINKS_MAX: Final = 128
NAME_CHARACTERS_MAX: Final = 4 << 10
_TRACE_ID_MAX: Final = (1 << 128) - 1
_SPAN_ID_MAX: Final = (1 << 64) - 1
_NOWHERE: Final = Context()


class CleanResource(Resource):
    """A resource whose hash is known: the encoders ask for it with every record, and the SDK's own
    writes JSON each time (which fails for bytes)."""

    def __init__(self, attributes: Mapping[str, Any], schema_url: str) -> None:
        super().__init__(attributes, schema_url)
        self._key = (repr(sorted(attributes.items())), schema_url)
        self._hash = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, CleanResource) and self._key == other._key)


class Cleaner:
    """Cleans one record after another; remembers the last resource and scope, as there are few."""

    def __init__(self) -> None:
        self._resource_said: Resource | None = None
        self._resource = CleanResource({}, "")
        self._scope_said: InstrumentationScope | None = None
        self._scope: InstrumentationScope | None = None

    def span(self, span: ReadableSpan) -> ReadableSpan:
        """The same span, clean. Attributes and events for which it has no room are counted."""
        budget = Budget()
        context = _context(span.get_span_context())
        name = clean.text(span.name, budget, limit=NAME_CHARACTERS_MAX)
        status = _status(span.status, budget)
        attributes = clean.attributes(span.attributes, budget)
        events = _events(span.events, budget)
        if budget.dropped:
            attributes[semconv.LEFT_OUT] = budget.dropped
        return ReadableSpan(
            name,
            context,
            None if span.parent is None else _context(span.parent),
            self.resource(span.resource),
            attributes,
            events,
            _links(span.links, budget),
            span.kind if isinstance(span.kind, SpanKind) else SpanKind.INTERNAL,
            None,
            status,
            clean.time_ns(span.start_time),
            clean.time_ns(span.end_time),
            self.scope(span.instrumentation_scope),
        )

    def log(self, log: ReadableLogRecord) -> ReadableLogRecord:
        """The same log record, clean."""
        budget = Budget()
        said = log.log_record
        body = clean.value(said.body, budget)
        severity_text = clean.text(said.severity_text or "", budget, limit=64)
        event_name = clean.text(said.event_name or "", budget, limit=NAME_CHARACTERS_MAX)
        attributes = clean.attributes(said.attributes, budget)
        if budget.dropped:
            attributes[semconv.LEFT_OUT] = budget.dropped
        severity = said.severity_number
        record = LogRecord(
            timestamp=clean.time_ns(said.timestamp),
            observed_timestamp=clean.time_ns(said.observed_timestamp),
            context=said.context or _NOWHERE,
            severity_text=severity_text or None,
            severity_number=severity if isinstance(severity, SeverityNumber) else None,
            body=body,
            attributes=attributes,
            event_name=event_name or None,
        )
        record.trace_id = clean.number(said.trace_id, most=_TRACE_ID_MAX)
        record.span_id = clean.number(said.span_id, most=_SPAN_ID_MAX)
        record.trace_flags = TraceFlags(clean.number(said.trace_flags, most=255))
        scope = self.scope(log.instrumentation_scope)
        return ReadableLogRecord(record, self.resource(log.resource), scope)

    def resource(self, said: Resource | None) -> Resource:
        """The same resource, clean; equal ones compare equal."""
        if said is not self._resource_said or said is None:
            budget = Budget()
            attributes = clean.attributes(said.attributes if said else {}, budget)
            url = clean.text((said.schema_url if said else "") or "", budget)
            self._resource_said, self._resource = said, CleanResource(attributes, url)
        return self._resource

    def scope(self, said: InstrumentationScope | None) -> InstrumentationScope | None:
        """The same scope, clean."""
        if said is not self._scope_said:
            self._scope_said, self._scope = said, None if said is None else _scope(said)
        return self._scope


def _scope(said: InstrumentationScope) -> InstrumentationScope:
    budget = Budget()
    return InstrumentationScope(
        clean.text(said.name or "", budget),
        clean.text(said.version or "", budget),
        clean.text(said.schema_url or "", budget),
        clean.attributes(said.attributes, budget),
    )


def _context(said: SpanContext | None) -> SpanContext:
    if said is None:
        return SpanContext(0, 0, False)
    trace_id = clean.number(said.trace_id, most=_TRACE_ID_MAX)
    span_id = clean.number(said.span_id, most=_SPAN_ID_MAX)
    state: TraceState | None = said.trace_state
    if state and not all(f"{key}{one}".isascii() for key, one in state.items()):
        state = None
    return SpanContext(trace_id, span_id, said.is_remote, said.trace_flags, state)


def _status(said: Status | None, budget: Budget) -> Status:
    if said is None or said.status_code is not StatusCode.ERROR:
        return Status(said.status_code if said else StatusCode.UNSET)
    return Status(StatusCode.ERROR, clean.text(said.description or "", budget) or None)


def _events(said: Sequence[Event], budget: Budget) -> list[Event]:
    kept = []
    for event in islice(said, EVENTS_MAX):
        if budget.left <= 0:
            break
        name = clean.text(event.name, budget, limit=NAME_CHARACTERS_MAX)
        attributes = clean.attributes(event.attributes, budget)
        kept.append(Event(name, attributes, clean.time_ns(event.timestamp)))
    budget.dropped += len(said) - len(kept)
    return kept


def _links(said: Sequence[Link], budget: Budget) -> list[Link]:
    return [
        Link(_context(link.context), clean.attributes(link.attributes, budget))
        for link in islice(said, LINKS_MAX)
    ]
