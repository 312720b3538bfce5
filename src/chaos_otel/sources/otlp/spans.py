"""Spans of an OTLP request as `O` lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from chaos_otel.sources.otlp.said import Rejected, Said, Translated, time_field
from chaos_otel.sources.otlp.values import attributes, cut

EVENTS_MAX: Final = 64
JSON_CHARACTERS_MAX: Final = 200_000  # of up to four bytes each: a payload has at most 1 MiB
_KINDS: Final = ("internal", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")


def spans(request: ExportTraceServiceRequest) -> Iterator[Translated]:
    """Every span, in order."""
    for of_resource in request.resource_spans:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            scope = {
                "scope": cut(of_scope.scope.name),
                "scope_version": cut(of_scope.scope.version),
            }
            for span in of_scope.spans:
                yield _span(span, {"resource": resource, **scope})


def _span(span: Span, about: dict[str, Any]) -> Translated:
    if not _is_id(span.span_id, 8) or not _is_id(span.trace_id, 16):
        return Rejected("a span without valid ids")
    end_ns = span.end_time_unix_nano or span.start_time_unix_nano
    said: dict[str, Any] = {
        "trace_id": span.trace_id.hex(),
        "parent": span.parent_span_id.hex() if _is_id(span.parent_span_id, 8) else "",
        "duration_ns": max(0, end_ns - span.start_time_unix_nano),
        "kind": _word(_KINDS, span.kind),
        "status": _word(_STATUSES, span.status.code),
        "message": cut(span.status.message),
        **about,
        "attributes": attributes(span.attributes),
        "events": [_event(event) for event in span.events[:EVENTS_MAX]],
    }
    fields = (span.span_id.hex(), time_field(end_ns), cut(span.name), _bounded(said))
    return Said("O", fields, {})


def _event(event: Span.Event) -> dict[str, Any]:
    return {
        "name": cut(event.name),
        "wall_ns": event.time_unix_nano,
        "attributes": attributes(event.attributes),
    }


def _bounded(said: dict[str, Any]) -> str:
    """As JSON; where that is too long the events go first, then what is said of the program."""
    for key in ("events", "resource", "attributes"):
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        if len(text) <= JSON_CHARACTERS_MAX:
            return text
        said = {**said, key: None}
    return json.dumps(said)


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else words[0]


def _is_id(value: bytes, size_bytes: int) -> bool:
    return len(value) == size_bytes and any(value)
