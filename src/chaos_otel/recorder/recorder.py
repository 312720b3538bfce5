"""Folds a run's records, in their order, into spans: the only place that knows what records mean.

Knows nothing of files and destinations. Memory is bounded by what is open at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.sdk.trace import Event as SpanEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.early import EarlyOutput
from chaos_otel.recorder.ending import UNNAMED, ended_attributes
from chaos_otel.recorder.operations import Operation, Operations
from chaos_otel.recorder.outcome import Outcome, outcome
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.run_ending import UNFINISHED, last_spans
from chaos_otel.recorder.spans import SpanMaker, derived_id, run_resource
from chaos_otel.recorder.transcript import Transcript
from chaos_otel.records import (
    Damage,
    Event,
    Flushed,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Output,
    ProcessStarted,
    Record,
    RunEnded,
    RunNamed,
    RunStarted,
    Sample,
    Tag,
)

OUTPUT_LIMIT_BYTES: Final = 1 << 20
EVENTS_MAX: Final = 128
_UNKNOWN_RUN: Final = "unknown"


class Recorder:
    """Gives each span when it is complete: operations as they end, then the process, then the run.

    The same records give the same spans, ids included. `run_id` stands in where the journal lost
    its first record; `output_limit_bytes` is for one stream of one operation.
    """

    def __init__(self, *, run_id: str = "", output_limit_bytes: int = OUTPUT_LIMIT_BYTES) -> None:
        self._run_id = run_id
        self._limit_bytes = output_limit_bytes
        self._operations = Operations()
        self._early = EarlyOutput()
        self._done: list[ReadableSpan] = []
        self._run: Run
        self._spans: SpanMaker
        self._below: SpanContext
        self._last: Record | None = None
        self._made_ids = 0
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            RunStarted: self._run_started,
            ProcessStarted: self._process_started,
            RunNamed: self._run_named,
            RunEnded: self._run_ended,
            OperationStarted: self._operation_started,
            OperationEnded: self._operation_ended,
            OperationChanged: self._operation_changed,
            Event: self._event,
            Metric: lambda record: self._run.take_metric(record),
            Tag: lambda record: self._run.take_tag(record),
            Flushed: self._flushed,
            Output: self._output,
            Sample: lambda record: self._run.take_sample(record),
            Damage: lambda record: self._run.take_damage(record),
        }

    @property
    def run(self) -> Run:
        """What is known of the run so far; there is none before the first record."""
        return self._run

    def fold(self, record: Record) -> list[ReadableSpan]:
        """Take a record in; the spans that are complete by it."""
        if self._last is None:
            self._begin(record)
        self._last = record
        self._handlers[type(record)](record)
        if not self._done:
            return []
        done, self._done = self._done, []
        return done

    def finish(self) -> list[ReadableSpan]:
        """The journal is over: what is open (innermost first), the process, the run. Call it once.

        An operation that was left open is marked unfinished; it counts as failed if the run failed.
        Nothing comes of a journal without any record.
        """
        if self._last is None:
            return []
        run = self._run
        how = outcome(run.ended, flushed=run.flushed, failed_operations=run.failed_operations)
        for output in self._early.take_all():
            run.take_output(output)
        last = run.ended or self._last
        for operation in self._operations.innermost_first():
            self._leave_open(operation, how, last=last)
        self._done += last_spans(run, how, self._spans, last=last)
        done, self._done = self._done, []
        return done

    def _begin(self, record: Record) -> None:
        started = record if isinstance(record, RunStarted) else self._stand_in(record)
        self._run = Run(started, output_limit_bytes=self._limit_bytes)
        self._spans = SpanMaker(
            started.trace_id, tracestate=started.tracestate, resource=run_resource(self._run)
        )
        self._below = self._spans.context(started.span_id)

    def _stand_in(self, record: Record) -> RunStarted:
        return RunStarted(
            wall_ns=record.wall_ns,
            mono_ns=record.mono_ns,
            run_id=self._run_id,
            trace_id=self._run_id,
            span_id=derived_id("run", self._run_id),
            name=_UNKNOWN_RUN,
        )

    def _run_started(self, record: RunStarted) -> None:
        if record is not self._run.started:
            self._run.losses["repeated"] += 1

    def _process_started(self, record: ProcessStarted) -> None:
        self._run.process = record
        self._below = self._spans.context(record.span_id)

    def _run_ended(self, record: RunEnded) -> None:
        self._run.ended = record

    def _run_named(self, record: RunNamed) -> None:
        if self._run.take_name(record):
            self._spans.resource = run_resource(self._run)
        else:
            self._open(record, is_script=True)

    def _operation_started(self, record: OperationStarted) -> None:
        self._open(record, host=record.host, attributes=record.attributes)

    def _open(
        self,
        record: RunNamed | OperationStarted,
        *,
        host: str = "",
        attributes: Mapping[str, str] = MappingProxyType({}),
        is_script: bool = False,
    ) -> None:
        op = record.op or self._made_id()
        if op in self._operations:
            self._run.losses["repeated"] += 1
            return
        operation = Operation(
            op,
            record.name,
            record.parent,
            host=host,
            wall_ns=record.wall_ns,
            mono_ns=record.mono_ns,
            attributes=attributes,
            is_script=is_script,
        )
        self._operations.begin(operation)
        for output in self._early.take(op):
            self._print(operation, output)

    def _made_id(self) -> str:
        self._made_ids += 1
        return derived_id(self._run.started.trace_id, str(self._made_ids))

    def _operation_changed(self, record: OperationChanged) -> None:
        operation = self._operations.find(record.op, record.name)
        if operation is not None:
            operation.changed = True
        else:
            self._note("changed", record, {})

    def _event(self, record: Event) -> None:
        operation = self._operations.find(record.op, record.name)
        attributes = {**record.attributes, semconv.EVENT_MESSAGE: record.message}
        if operation is None:
            self._note(record.type, record, attributes)
            return
        if record.type == "error":
            operation.message = operation.message or record.message
        if len(operation.events) < EVENTS_MAX:
            event = SpanEvent(semconv.EVENT_PREFIX + record.type, attributes, record.wall_ns)
            operation.events = (*operation.events, event)
        else:
            self._run.losses["events"] += 1

    def _note(
        self,
        what: str,
        record: Event | OperationChanged | OperationEnded,
        attributes: Mapping[str, str],
    ) -> None:
        """An event of the run: its operation has ended (its span is gone), or there is none."""
        named = {**attributes}
        if record.name:
            named[semconv.TASK_NAME] = record.name
        if op := self._operations.ended(record.op, record.name):
            named[semconv.TASK_RUN_ID] = op
        self._run.take_event(SpanEvent(semconv.EVENT_PREFIX + what, named, record.wall_ns))

    def _output(self, record: Output) -> None:
        operation = self._operations.get(record.op) if record.op else None
        if operation is not None:
            self._print(operation, record)
        elif not record.op or record.op == self._run.named_by:
            self._run.take_output(record)
        elif record.op in self._operations:
            self._run.losses["late_output"] += 1
            self._run.take_output(record)
        else:
            for output in self._early.add(record):
                self._run.take_output(output)

    def _print(self, operation: Operation, output: Output) -> None:
        if output.stream == 1:
            if operation.stdout is None:
                operation.stdout = Transcript(self._limit_bytes)
            operation.stdout.add(output)
        else:
            if operation.stderr is None:
                operation.stderr = Transcript(self._limit_bytes)
            operation.stderr.add(output)

    def _flushed(self, record: Flushed) -> None:
        operation = self._operations.get(record.op)
        if operation is None:
            self._run.flushed = self._run.flushed or record.op in ("", self._run.named_by)
            return
        end = OperationEnded(
            wall_ns=record.wall_ns,
            mono_ns=record.mono_ns,
            op=record.op,
            success=not operation.child_failed,
        )
        self._close(operation, end)

    def _operation_ended(self, record: OperationEnded) -> None:
        operation = self._operations.find(record.op, record.name)
        if operation is not None:
            self._close(operation, record)
        elif self._operations.ended(record.op, record.name):
            what = "success" if record.success else "error"
            self._note(what, record, {semconv.EVENT_MESSAGE: record.message})
        else:
            self._never_started(record)

    def _never_started(self, end: OperationEnded) -> None:
        operation = Operation(
            end.op or self._made_id(),
            end.name,
            end.parent,
            host=end.host,
            wall_ns=end.wall_ns,
            mono_ns=end.mono_ns,
            attributes={},
        )
        self._operations.begin(operation)
        for output in self._early.take(operation.id):
            self._print(operation, output)
        self._close(operation, end, extra={semconv.OPERATION_UNTIMED: True})

    def _leave_open(self, operation: Operation, how: Outcome, *, last: Record) -> None:
        end = OperationEnded(
            wall_ns=last.wall_ns,
            mono_ns=last.mono_ns,
            op=operation.id,
            success=how.success,
            message=UNFINISHED.format(how.error_type),
        )
        extra: dict[str, AttributeValue] = {semconv.OPERATION_UNFINISHED: True}
        if not how.success:
            extra[semconv.ERROR_TYPE] = how.error_type
        self._close(operation, end, extra=extra)

    def _close(
        self,
        operation: Operation,
        end: OperationEnded,
        *,
        extra: Mapping[str, AttributeValue] = MappingProxyType({}),
    ) -> None:
        run, operations = self._run, self._operations
        operations.end(operation)
        run.operations += 1
        if not end.success:
            run.failed_operations += 1
            if (around := operations.get(operation.parent)) is not None:
                around.child_failed = True
        parent = operation.parent
        span = self._spans.make(
            operation.name or UNNAMED,
            context=self._spans.context(operation.id),
            parent=self._spans.context(parent) if parent in operations else self._below,
            attributes={**ended_attributes(operation, end), **extra},
            start_wall_ns=operation.start_wall_ns,
            duration_ns=end.mono_ns - operation.start_mono_ns,
            events=operation.events,
            failure=None if end.success else end.message,
        )
        self._done.append(span)
