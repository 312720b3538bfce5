"""What is said about operations: an event of the one it is about or, if that has ended, of the run;
and a log record of the operation in either case.

Knows what records say; nothing of spans and output.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from opentelemetry.sdk.trace import Event as SpanEvent

from chaos_otel import semconv
from chaos_otel.recorder.operations import Operation, Operations
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.told_twice import ToldTwice
from chaos_otel.records import Event, OperationChanged, OperationEnded

if TYPE_CHECKING:
    from chaos_otel.recorder.logs import Logs

EVENTS_MAX: Final = 128
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

Remark: TypeAlias = Event | OperationChanged | OperationEnded


class Remarks:
    """Notes remarks where they belong. `logs` is None where nobody wants log records."""

    def __init__(
        self, run: Run, operations: Operations, twice: ToldTwice, *, logs: Logs | None
    ) -> None:
        self._run = run
        self._operations = operations
        self._twice = twice
        self._logs = logs

    def event(self, record: Event) -> None:
        """Something is said about an operation, or, if that has ended, about the run."""
        operation = self._operations.find(record.op, record.name)
        attributes = {**record.attributes, semconv.EVENT_MESSAGE: record.message}
        if operation is None:
            better = self._twice.better(record.op)
            self._about_the_run(record.type, record, attributes, better=better)
            return
        if record.type == "error":
            operation.message = operation.message or record.message
        self._about(operation, record.type, record, attributes)

    def changed(self, record: OperationChanged) -> None:
        """An operation that has ended changed something."""
        self._about_the_run("changed", record)

    def ended_again(self, record: OperationEnded) -> None:
        """An operation that has ended ends once more."""
        self._about_the_run(_result(record), record, {semconv.EVENT_MESSAGE: record.message})

    def ended_elsewhere(self, record: OperationEnded, better: str) -> None:
        """What a second source says of the operation that the first told of as `better`."""
        attributes = {**record.attributes, semconv.EVENT_MESSAGE: record.message}
        operation = self._operations.get(better)
        if operation is None:
            self._about_the_run(_result(record), record, attributes, better=better)
        else:
            self._about(operation, _result(record), record, attributes)

    def ended(self, operation: Operation, end: OperationEnded, *, unfinished: bool) -> None:
        """The end of an operation as a log record, if something was said at it."""
        if self._logs is not None and end.message:
            what = "warning" if unfinished and end.success else _result(end)
            self._logs.event(
                what, end.message, op=operation.id, wall_ns=end.wall_ns, name=operation.name
            )

    def _about(
        self, operation: Operation, what: str, record: Remark, attributes: Mapping[str, str]
    ) -> None:
        self._log(what, record, operation.id, attributes)
        if len(operation.events) < EVENTS_MAX:
            event = SpanEvent(semconv.EVENT_PREFIX + what, attributes, record.wall_ns)
            operation.events = (*operation.events, event)
        else:
            self._run.losses["events"] += 1

    def _about_the_run(
        self,
        what: str,
        record: Remark,
        attributes: Mapping[str, str] = _NOTHING,
        *,
        better: str = "",
    ) -> None:
        named = {**attributes}
        if record.name:
            named[semconv.TASK_NAME] = record.name
        if op := self._operations.ended(record.op, record.name):
            named[semconv.TASK_RUN_ID] = op
        elif record.op:
            named[semconv.EVENT_SPAN_ID] = record.op
        self._log(what, record, better or op or record.op, attributes)
        self._run.take_event(SpanEvent(semconv.EVENT_PREFIX + what, named, record.wall_ns))

    def _log(self, what: str, record: Remark, op: str, attributes: Mapping[str, str]) -> None:
        if self._logs is not None:
            self._logs.event(
                what,
                attributes.get(semconv.EVENT_MESSAGE, ""),
                op=op,
                wall_ns=record.wall_ns,
                name=record.name,
                attributes=attributes,
            )


def _result(record: OperationEnded) -> str:
    return "success" if record.success else "error"
