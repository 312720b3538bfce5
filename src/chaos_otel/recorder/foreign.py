"""Spans that the command's own programs made: taken into the run's trace, each as it was.

A span keeps its id, its parent, its times and what it says of its program. One without a parent
begins below the wrapped process; one of another trace is moved into the run's, and says which it
was in. Knows nothing of operations: such a span is none, whatever its attributes say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.spans import SpanMaker
from chaos_otel.records import ForeignSpan, Value

_KINDS: Final[Mapping[str, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_STATUSES: Final[Mapping[str, StatusCode]] = {
    "unset": StatusCode.UNSET,
    "ok": StatusCode.OK,
    "error": StatusCode.ERROR,
}
_OURS: Final = ("chaos.", "cicd.pipeline.")
_WALL_NS_MAX: Final = (1 << 63) - 1


class ForeignSpans:
    """Makes spans of foreign records, in the trace of the run."""

    def __init__(self, spans: SpanMaker, *, trace_id: str) -> None:
        self._spans = spans
        self._trace_id = trace_id
        self._resource = Resource({})
        self._resource_said: Mapping[str, Value] = {}

    def span(self, record: ForeignSpan, *, below: SpanContext) -> ReadableSpan:
        """The span; `below` is the parent of one that names none."""
        parent = self._spans.context(record.parent, remote=True) if record.parent else below
        attributes = _own(record.attributes)
        if record.trace_id not in ("", self._trace_id):
            attributes[semconv.FOREIGN_TRACE_ID] = record.trace_id
        end_ns = min(max(0, record.wall_ns), _WALL_NS_MAX)
        return ReadableSpan(
            record.name,
            self._spans.context(record.span_id),
            parent,
            self._resource_of(record),
            attributes,
            tuple(Event(one.name, _own(one.attributes), one.wall_ns) for one in record.events),
            (),
            _KINDS[record.span_kind],
            None,
            _status(record),
            max(0, end_ns - record.duration_ns),
            end_ns,
            InstrumentationScope(record.scope, record.scope_version or None),
        )

    def _resource_of(self, record: ForeignSpan) -> Resource:
        """One object for as long as the same program speaks: there may be many spans."""
        if record.resource != self._resource_said:
            self._resource_said = record.resource
            self._resource = Resource(dict(record.resource))
        return self._resource


def _own(attributes: Mapping[str, Value]) -> dict[str, AttributeValue]:
    """A name that means something to us cannot be taken by somebody else."""
    return {
        f"{semconv.FOREIGN_PREFIX}{key}" if key.startswith(_OURS) else key: _value(value)
        for key, value in attributes.items()
    }


def _value(value: Value) -> AttributeValue:
    """OpenTelemetry's lists are of one type: mixed ones become texts."""
    if not isinstance(value, list):
        return value
    if len({type(item) for item in value}) <= 1:
        return tuple(value)
    return tuple(str(item) for item in value)


def _status(record: ForeignSpan) -> Status:
    failed = record.status == "error"
    return Status(_STATUSES[record.status], (record.message or None) if failed else None)
