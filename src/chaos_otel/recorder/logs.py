"""Log records of a run: what its programs said (events), what they printed (lines), what was lost.

Each is tied to the span that it belongs to. Knows no destination and no operations: the fold says
which span it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context
from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.lines import Line, Lines
from chaos_otel.recorder.spans import SCOPE, SpanMaker
from chaos_otel.records import Damage, Output, Stream

SEVERITIES: Final[Mapping[str, SeverityNumber]] = {
    "error": SeverityNumber.ERROR,
    "warning": SeverityNumber.WARN,
    "interrupted": SeverityNumber.WARN,
    "damage": SeverityNumber.WARN,
    "debug": SeverityNumber.DEBUG,
}
STREAMS: Final[Mapping[Stream, str]] = {1: "stdout", 2: "stderr"}
_OURS: Final = ("chaos.", "cicd.")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_WALL_NS_MAX: Final = (1 << 63) - 1


class _Place(NamedTuple):
    """Where a span is, as a log record wants it; made once for all records of a span in a row."""

    span: SpanContext
    context: Context


class Logs:
    """Makes log records; `take` gives those made since the last call, in order.

    The same calls give the same records. Holds what was not taken yet, and the beginning of one
    line for each stream of each operation that is open. `op` is the id of an operation or of any
    other span; what has none is of the span `below`.
    """

    def __init__(self, spans: SpanMaker, *, below: SpanContext) -> None:
        self.below = below
        self._spans = spans
        self._lines: dict[tuple[str, Stream], Lines] = {}
        self._made: list[ReadableLogRecord] = []
        self._last: _Place | None = None

    def take(self) -> list[ReadableLogRecord]:
        """What was made since the last call."""
        made, self._made = self._made, []
        return made

    def event(
        self,
        what: str,
        message: str,
        *,
        op: str = "",
        wall_ns: int,
        name: str = "",
        attributes: Mapping[str, str] = _NOTHING,
    ) -> None:
        """Something was said. `what` becomes the record's event name and its severity; `name` is
        the operation's."""
        known: dict[str, AttributeValue] = {
            f"{semconv.FOREIGN_PREFIX}{key}" if key.startswith(_OURS) else key: value
            for key, value in attributes.items()
            if key != semconv.EVENT_MESSAGE
        }
        if name:
            known[semconv.TASK_NAME] = name
        severity = SEVERITIES.get(what, SeverityNumber.INFO)
        self._make(
            message,
            span=self._span(op),
            wall_ns=wall_ns,
            severity=severity,
            attributes=known,
            event=semconv.EVENT_PREFIX + what,
        )

    def damage(self, damage: Damage) -> None:
        """Something was lost or unreadable."""
        known: dict[str, AttributeValue] = {
            semconv.LOSS_PREFIX + "where": damage.where,
            semconv.LOSS_PREFIX + "count": damage.count,
            semconv.LOSS_PREFIX + "size_bytes": damage.size_bytes,
        }
        self._make(
            damage.reason,
            span=self.below,
            wall_ns=damage.wall_ns,
            severity=SeverityNumber.WARN,
            attributes=known,
            event=semconv.EVENT_PREFIX + "damage",
        )

    def output(self, output: Output, *, op: str) -> None:
        """A piece of what `op` (empty: the command) printed; its last, unfinished line waits."""
        lines = self._lines.get((op, output.stream))
        if lines is None:
            lines = self._lines[op, output.stream] = Lines()
        span = self._span(op)
        for line in lines.add(output):
            self._line(line, output.stream, span)

    def end(self, op: str) -> None:
        """Nothing more comes of an operation: its unfinished lines are as whole as they get."""
        for stream in STREAMS:
            lines = self._lines.pop((op, stream), None)
            if lines is not None:
                for line in lines.end():
                    self._line(line, stream, self._span(op))

    def _span(self, op: str) -> SpanContext:
        return self._spans.context(op) if op else self.below

    def _line(self, line: Line, stream: Stream, span: SpanContext) -> None:
        known: dict[str, AttributeValue] = {semconv.LOG_IOSTREAM: STREAMS[stream]}
        if line.cut_bytes:
            known[semconv.OUTPUT_CUT_BYTES] = line.cut_bytes
        if line.partial:
            known[semconv.OUTPUT_PARTIAL] = True
        self._make(
            line.text,
            span=span,
            wall_ns=line.wall_ns,
            severity=SeverityNumber.INFO,
            attributes=known,
        )

    def _make(
        self,
        body: str,
        *,
        span: SpanContext,
        wall_ns: int,
        severity: SeverityNumber,
        attributes: Mapping[str, AttributeValue],
        event: str | None = None,
    ) -> None:
        last = self._last
        if last is None or last.span.span_id != span.span_id:
            context = set_span_in_context(NonRecordingSpan(span), Context())
            last = self._last = _Place(span, context)
        at_ns = min(max(0, wall_ns), _WALL_NS_MAX)
        record = LogRecord(
            timestamp=at_ns,
            observed_timestamp=at_ns,
            context=last.context,
            severity_text=severity.name,
            severity_number=severity,
            body=body,
            attributes=attributes,
            event_name=event,
        )
        resource: Resource = self._spans.resource
        self._made.append(ReadableLogRecord(record, resource, SCOPE))
