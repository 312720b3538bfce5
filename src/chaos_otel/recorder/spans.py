"""Builds the spans of one run, as the SDK's `ReadableSpan`, with the times the journal gives them.

No tracer and no processor takes part: those cost ten times as much and may drop spans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import AttributeValue

from chaos_otel import __version__, ids, semconv
from chaos_otel.recorder.run import Run

SCOPE: Final = InstrumentationScope(semconv.SCOPE_NAME, __version__, semconv.SCHEMA_URL)
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_FINE: Final = Status(StatusCode.UNSET)
_DESCRIPTION_CHARACTERS: Final = 200
_WALL_NS_MAX: Final = (1 << 63) - 1


class SpanMaker:
    """Makes spans of one trace. `resource` may be replaced while the run goes on."""

    def __init__(self, trace_id: str, *, tracestate: str, resource: Resource) -> None:
        self.resource = resource
        self._trace_id = _number(trace_id, digits=32)
        self._tracestate = TraceState.from_header([tracestate]) if tracestate else TraceState()

    def context(self, span_id: str, *, remote: bool = False) -> SpanContext:
        """The context of a span of this trace. What is no span id stands for one made from it."""
        number = _number(span_id, digits=16)
        return SpanContext(self._trace_id, number, remote, _SAMPLED, self._tracestate)

    def make(
        self,
        name: str,
        *,
        context: SpanContext,
        parent: SpanContext | None,
        attributes: Mapping[str, AttributeValue],
        start_wall_ns: int,
        duration_ns: int,
        events: Sequence[Event] = (),
        failure: str | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> ReadableSpan:
        """A span that is complete; `failure` is the description of its status Error, None if fine.

        Its end is its start plus its duration: a wall clock that jumps turns no span around.
        """
        start = min(max(0, start_wall_ns), _WALL_NS_MAX)
        return ReadableSpan(
            name,
            context,
            parent,
            self.resource,
            attributes,
            events,
            (),
            kind,
            None,
            _FINE if failure is None else _failed(failure),
            start,
            min(start + max(0, duration_ns), 2 * _WALL_NS_MAX),
            SCOPE,
        )


def _number(text: str, *, digits: int) -> int:
    if len(text) == digits and text.isalnum():
        try:
            if number := int(text, 16):
                return number
        except ValueError:
            pass
    return int(derived_id(text), 16)


def _failed(description: str) -> Status:
    return Status(StatusCode.ERROR, description[:_DESCRIPTION_CHARACTERS] or None)


def derived_id(*parts: str) -> str:
    """A span id for what has none, the same each time the same journal is read."""
    data = "\0".join(parts).encode("utf-8", "replace")
    digest = blake2b(data, digest_size=8).hexdigest()
    return digest if ids.is_span_id(digest) else derived_id(*parts, "")


def run_resource(run: Run) -> Resource:
    """What all spans of a run have in common. The environment's `OTEL_RESOURCE_*` do not count."""
    started = run.started
    known: dict[str, AttributeValue] = {**started.attributes, semconv.SERVICE_NAME: run.name}
    if run.version:
        known[semconv.SERVICE_VERSION] = run.version
    if started.environment:
        known[semconv.DEPLOYMENT_ENVIRONMENT] = started.environment
    return Resource(known, semconv.SCHEMA_URL)
