"""Operations from their records to their spans: the place that knows what their records mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.early import EarlyOutput
from chaos_otel.recorder.ending import UNFINISHED, UNNAMED, ended_attributes
from chaos_otel.recorder.operations import Operation, Operations
from chaos_otel.recorder.outcome import Outcome
from chaos_otel.recorder.remarks import Remarks
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.spans import SpanMaker, derived_id
from chaos_otel.recorder.told_twice import ToldTwice
from chaos_otel.recorder.transcript import Transcript
from chaos_otel.records import (
    Flushed,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Output,
    Record,
    RunNamed,
    Superseded,
)

if TYPE_CHECKING:
    from chaos_otel.recorder.logs import Logs

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Steps:
    """Takes the records about operations in; `done` gives the spans that are complete.

    `remarks` takes what is said about operations. `below` is the span under which an operation
    stands that names no parent we know.
    """

    def __init__(
        self, run: Run, spans: SpanMaker, *, output_limit_bytes: int, logs: Logs | None = None
    ) -> None:
        self._run = run
        self._spans = spans
        self._logs = logs
        self._limit_bytes = output_limit_bytes
        self._operations = Operations()
        self._early = EarlyOutput()
        self._twice = ToldTwice()
        self.remarks = Remarks(run, self._operations, self._twice, logs=logs)
        self._made_ids = 0
        self._done: list[ReadableSpan] = []
        self.below = spans.context(run.started.span_id)

    def done(self) -> list[ReadableSpan]:
        """The spans completed since the last call, in order of their completion."""
        if not self._done:
            return []
        done, self._done = self._done, []
        return done

    def add(self, span: ReadableSpan) -> None:
        """A span that is no operation is complete."""
        self._done.append(span)

    def started(self, record: OperationStarted) -> None:
        """An operation begins; one that a better source has told of is no other."""
        if self._twice.started(record):
            return
        self._open(record, host=record.host, attributes=record.attributes)

    def script_started(self, record: RunNamed) -> None:
        """A script that is part of the run begins: an operation that its flush ends."""
        self._open(record)

    def changed(self, record: OperationChanged) -> None:
        """It changed something; too late for its span after its end, so an event of the run."""
        operation = self._operations.find(record.op, record.name)
        if operation is not None:
            operation.changed = True
        else:
            self.remarks.changed(record)

    def output(self, record: Output) -> None:
        """Keep what it printed: before its start that waits, after its end it is the run's."""
        operation = self._operations.get(record.op)
        if operation is not None:
            self._print(operation, record)
        elif self._twice.is_double(record.op):
            pass  # the better source has it
        elif record.op in ("", self._run.named_by):
            self._print_outside(record, "")
        elif record.op in self._operations:
            self._run.losses["late_output"] += 1
            self._print_outside(record, record.op)
        else:
            for output in self._early.add(record):
                self._print_outside(output, output.op)

    def flushed(self, record: Flushed) -> None:
        """A script within the run is complete: it went well if none of its operations failed."""
        operation = self._operations.get(record.op)
        if operation is not None:
            self._close(operation, _end(record, operation, success=not operation.child_failed))

    def ended(self, record: OperationEnded) -> None:
        """It ends; if it had ended before, that is an event, if it never began, it took no time."""
        if record.provisional:
            if not self._twice.hold(record):
                self._run.losses["provisional"] += 1
            return
        if (better := self._twice.ended(record.op)) is not None:
            self.remarks.ended_elsewhere(record, better)
            return
        operation = self._operations.find(record.op, record.name)
        if operation is not None:
            self._close(operation, record)
        elif self._operations.ended(record.op, record.name):
            self.remarks.ended_again(record)
        else:
            self._never_started(record)

    def superseded(self, _: Superseded) -> None:
        """What was provisional is told again."""
        self._twice.superseded()

    def end_provisional(self) -> None:
        """No more comes: what was provisional counts as it is."""
        for record in self._twice.take_provisional():
            if not self._operations.ended(record.op, ""):
                self._never_started(record)

    def leave_open(self, how: Outcome, *, last: Record) -> None:
        """Close what is open, innermost first, as unfinished at the time of `last`."""
        for output in self._early.take_all():
            self._print_outside(output, output.op)
        extra: dict[str, AttributeValue] = {semconv.OPERATION_UNFINISHED: True}
        if not how.success:
            extra[semconv.ERROR_TYPE] = how.error_type
        message = UNFINISHED.format(how.error_type or how.result)
        for operation in self._operations.innermost_first():
            end = _end(last, operation, success=how.success, message=message)
            self._close(operation, end, extra=extra)
        if self._logs is not None:
            self._logs.end("")

    def _open(
        self,
        record: RunNamed | OperationStarted,
        *,
        host: str = "",
        attributes: Mapping[str, str] = _NOTHING,
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
        )
        self._begin(operation)

    def _begin(self, operation: Operation) -> None:
        self._operations.begin(operation)
        for output in self._early.take(operation.id):
            self._print(operation, output)

    def _made_id(self) -> str:
        self._made_ids += 1
        return derived_id(self._run.started.trace_id, str(self._made_ids))

    def _print_outside(self, output: Output, op: str) -> None:
        """What no open operation printed; `op` is one that has ended or never began."""
        self._run.take_output(output)
        if self._logs is not None:
            self._logs.output(output, op=op)
            if op:
                self._logs.end(op)

    def _print(self, operation: Operation, output: Output) -> None:
        if self._logs is not None:
            self._logs.output(output, op=operation.id)
        if output.stream == 1:
            if operation.stdout is None:
                operation.stdout = Transcript(self._limit_bytes)
            operation.stdout.add(output)
        else:
            if operation.stderr is None:
                operation.stderr = Transcript(self._limit_bytes)
            operation.stderr.add(output)

    def _never_started(self, end: OperationEnded) -> None:
        operation = Operation(
            end.op or self._made_id(),
            end.name,
            end.parent,
            host=end.host,
            wall_ns=end.wall_ns,
            mono_ns=end.mono_ns,
            attributes=_NOTHING,
        )
        self._begin(operation)
        self._close(operation, end, extra={semconv.OPERATION_UNTIMED: True})

    def _close(
        self,
        operation: Operation,
        end: OperationEnded,
        *,
        extra: Mapping[str, AttributeValue] = MappingProxyType({}),
    ) -> None:
        run, operations, parent = self._run, self._operations, operation.parent
        operations.end(operation)
        if self._logs is not None:
            self._logs.end(operation.id)
            self.remarks.ended(operation, end, unfinished=semconv.OPERATION_UNFINISHED in extra)
        run.operations += end.counted
        if not end.success and end.counted:
            run.failed_operations += 1
            if (around := operations.get(parent)) is not None:
                around.child_failed = True
        span = self._spans.make(
            operation.name or UNNAMED,
            context=self._spans.context(operation.id),
            parent=self._spans.context(parent) if parent in operations else self.below,
            attributes={**ended_attributes(operation, end), **extra},
            start_wall_ns=operation.start_wall_ns,
            duration_ns=end.mono_ns - operation.start_mono_ns,
            events=operation.events,
            failure=None if end.success else end.message,
        )
        self._done.append(span)


def _end(at: Record, operation: Operation, *, success: bool, message: str = "") -> OperationEnded:
    return OperationEnded(
        wall_ns=at.wall_ns, mono_ns=at.mono_ns, op=operation.id, success=success, message=message
    )
