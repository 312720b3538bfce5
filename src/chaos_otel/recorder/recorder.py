"""Folds a run's records, in their order, into spans.

Knows nothing of files and destinations. Memory is bounded by what is open at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel.recorder.foreign import ForeignSpans
from chaos_otel.recorder.outcome import Outcome, outcome
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.run_ending import last_spans
from chaos_otel.recorder.spans import SpanMaker, derived_id, run_resource
from chaos_otel.recorder.steps import Steps
from chaos_otel.records import (
    Damage,
    Event,
    Flushed,
    ForeignSpan,
    Hooked,
    Interrupted,
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
    Superseded,
    Tag,
)

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadableLogRecord

    from chaos_otel.recorder.logs import Logs

OUTPUT_LIMIT_BYTES: Final = 16 << 20
_UNKNOWN_RUN: Final = "unknown"


class Recorder:
    """Gives each span when it is complete: operations as they end, then the process, then the run.

    The same records give the same spans, ids included. `run_id` stands in where the journal lost
    its first record. `output_limit_bytes`, for one stream of one operation, is a defence: what
    capture writes is within its own limit. With `logs` there are log records, too, which somebody
    has to take.
    """

    def __init__(
        self,
        *,
        run_id: str = "",
        output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
        logs: bool = False,
    ) -> None:
        self._run_id = run_id
        self._limit_bytes = output_limit_bytes
        self._with_logs = logs
        self._logs: Logs | None = None
        self._run: Run
        self._spans: SpanMaker
        self._steps: Steps
        self._foreign: ForeignSpans
        self._handlers: Mapping[type, Callable[[Any], None]] = {}
        self._last: Record | None = None

    @property
    def run(self) -> Run:
        """What is known of the run so far; AttributeError before the first record or `finish`."""
        return self._run

    @property
    def outcome(self) -> Outcome:
        """How the run went, if the journal ended here; AttributeError as for `run`."""
        run = self._run
        return outcome(
            run.ended,
            flushed=run.flushed,
            failed_operations=run.failed_operations,
            stopped=run.stopped,
        )

    def fold(self, record: Record) -> list[ReadableSpan]:
        """Take a record in; the spans that are complete by it."""
        if self._last is None:
            self._begin(record)
        self._last = record
        self._handlers[type(record)](record)
        return self._steps.done()

    def take_logs(self) -> list[ReadableLogRecord]:
        """The log records made since the last call, `finish` included: what was said and printed,
        in the order in which it is known where it belongs. None without `logs`."""
        return self._logs.take() if self._logs is not None else []

    def finish(self) -> list[ReadableSpan]:
        """The journal is over: what is open (innermost first), the process, the run. Call it once.

        An operation that was left open is marked unfinished; it counts as failed if the run failed.
        Nothing comes of a journal without any record.
        """
        if self._last is None:
            self._begin(Flushed(wall_ns=0, mono_ns=0))
            return []
        self._steps.end_provisional()
        how = self.outcome
        last = self._run.ended or self._last
        self._steps.leave_open(how, last=last)
        return self._steps.done() + last_spans(self._run, how, self._spans, last=last)

    def _begin(self, record: Record) -> None:
        started = record if isinstance(record, RunStarted) else self._stand_in(record)
        run = self._run = Run(started, output_limit_bytes=self._limit_bytes)
        self._spans = SpanMaker(
            started.trace_id, tracestate=started.tracestate, resource=run_resource(run)
        )
        if self._with_logs:
            from chaos_otel.recorder.logs import Logs  # 10 ms that only forwarding needs

            self._logs = Logs(self._spans, below=self._spans.context(started.span_id))
        steps = self._steps = Steps(
            run, self._spans, output_limit_bytes=self._limit_bytes, logs=self._logs
        )
        self._foreign = ForeignSpans(self._spans, trace_id=started.trace_id)
        self._handlers = {
            RunStarted: self._run_started,
            ProcessStarted: self._process_started,
            RunNamed: self._run_named,
            RunEnded: run.take_end,
            OperationStarted: steps.started,
            OperationEnded: steps.ended,
            Superseded: steps.superseded,
            OperationChanged: steps.changed,
            Event: steps.remarks.event,
            Metric: run.take_metric,
            ForeignSpan: self._foreign_span,
            Tag: run.take_tag,
            Flushed: self._flushed,
            Hooked: run.take_hook,
            Interrupted: self._interrupted,
            Output: steps.output,
            Sample: run.take_sample,
            Damage: self._damaged,
        }

    def _stand_in(self, record: Record) -> RunStarted:
        return RunStarted(
            wall_ns=record.wall_ns,
            mono_ns=record.mono_ns,
            run_id=self._run_id,
            trace_id=self._run_id,
            span_id=derived_id("run", self._run_id),
            name=_UNKNOWN_RUN,
        )

    def _foreign_span(self, record: ForeignSpan) -> None:
        self._steps.add(self._foreign.span(record, below=self._steps.below))

    def _run_started(self, record: RunStarted) -> None:
        if record is not self._run.started:
            self._run.losses["repeated"] += 1

    def _interrupted(self, record: Interrupted) -> None:
        self._run.take_interruption(record)
        if self._logs is not None:
            self._logs.event("interrupted", record.reason, wall_ns=record.wall_ns)

    def _damaged(self, record: Damage) -> None:
        self._run.take_damage(record)
        if self._logs is not None:
            self._logs.damage(record)

    def _process_started(self, record: ProcessStarted) -> None:
        self._run.process = record
        self._steps.below = self._spans.context(record.span_id)
        if self._logs is not None:
            self._logs.below = self._steps.below

    def _run_named(self, record: RunNamed) -> None:
        if self._run.take_name(record):
            self._spans.resource = run_resource(self._run)
        else:
            self._steps.script_started(record)

    def _flushed(self, record: Flushed) -> None:
        if record.op in ("", self._run.named_by):
            self._run.flushed = True
        else:
            self._steps.flushed(record)
