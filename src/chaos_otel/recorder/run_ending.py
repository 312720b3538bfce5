"""The last two spans of a run: the wrapped process, and the run itself."""

from __future__ import annotations

from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.ending import UNFINISHED
from chaos_otel.recorder.outcome import Outcome
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.spans import SpanMaker
from chaos_otel.records import Record

_USED: Final = (
    (semconv.RUN_CPU_USER_S, "cpu_user_s"),
    (semconv.RUN_CPU_SYSTEM_S, "cpu_system_s"),
    (semconv.RUN_MEMORY_PEAK_BYTES, "memory_peak_bytes"),
    (semconv.RUN_IO_READ_BYTES, "io_read_bytes"),
    (semconv.RUN_IO_WRITE_BYTES, "io_write_bytes"),
    (semconv.RUN_CONTEXT_SWITCHES_VOLUNTARY, "context_switches_voluntary"),
    (semconv.RUN_CONTEXT_SWITCHES_INVOLUNTARY, "context_switches_involuntary"),
    (semconv.RUN_DISK_USED_BYTES, "disk_used_bytes"),
    (semconv.RUN_NETWORK_BYTES, "network_bytes"),
)


def last_spans(run: Run, how: Outcome, spans: SpanMaker, *, last: Record) -> list[ReadableSpan]:
    """The process, if there was one, and after it the run. `last` says when they ended.

    The command itself is an operation where it had none: its span then carries what it printed.
    """
    context = spans.context(run.started.span_id)
    of_command = {**_command(run, how), **({} if run.operations else _as_operation(run, how))}
    parent = run.started.parent_span_id
    whole = spans.make(
        run.name,
        context=context,
        parent=spans.context(parent, remote=True) if parent else None,
        attributes={**({} if run.process else of_command), **_whole(run, how)},
        start_wall_ns=run.started.wall_ns,
        duration_ns=last.mono_ns - run.started.mono_ns,
        events=run.events,
        failure=None if how.success else how.error_type,
    )
    if run.process is None:
        return [whole]
    # it is seen to have started a moment after it has
    start_mono_ns = (run.ended and run.ended.started_mono_ns) or run.process.mono_ns
    process = spans.make(
        run.process.executable or run.name,
        context=spans.context(run.process.span_id),
        parent=context,
        attributes=of_command,
        start_wall_ns=run.process.wall_ns - (run.process.mono_ns - start_mono_ns),
        duration_ns=last.mono_ns - start_mono_ns,
        failure=None if how.success else how.error_type,
        kind=SpanKind.CLIENT,
    )
    return [process, whole]


def _whole(run: Run, how: Outcome) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue] = {
        semconv.PIPELINE_NAME: run.name,
        semconv.PIPELINE_RUN_ID: run.started.run_id,
        semconv.PIPELINE_RESULT: how.result,
        semconv.RUN_INTERRUPTED: how.interrupted,
        **run.tree,
    }
    if how.error_type:
        known[semconv.ERROR_TYPE] = how.error_type
    if run.hooks:
        known[semconv.RUN_HOOKS] = tuple(run.hooks)
    known.update((semconv.TAG_PREFIX + key, value) for key, value in run.tags.items())
    known.update((semconv.METRIC_PREFIX + name, value) for name, value in run.metrics.items())
    known.update((semconv.LOSS_PREFIX + what, count) for what, count in run.losses.items())
    for key, field in _USED if run.ended else ():
        if (value := getattr(run.ended, field)) is not None:
            known[key] = value
    return known


def _command(run: Run, how: Outcome) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue] = {}
    if run.process is not None:
        known[semconv.PROCESS_PID] = run.process.pid
        known[semconv.PROCESS_EXECUTABLE_NAME] = run.process.executable
    if run.started.argv:
        known[semconv.PROCESS_COMMAND_ARGS] = run.started.argv
    if run.started.cwd:
        known[semconv.PROCESS_WORKING_DIRECTORY] = run.started.cwd
    if run.ended is not None and run.ended.exit_code is not None:
        known[semconv.PROCESS_EXIT_CODE] = run.ended.exit_code
    if how.error_type:
        known[semconv.ERROR_TYPE] = how.error_type
    return known


def _as_operation(run: Run, how: Outcome) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue] = {
        semconv.OPERATION_HOST: semconv.LOCAL_HOST,
        semconv.OPERATION_DEPTH: 0,
        semconv.OPERATION_CHANGED: False,
        semconv.OPERATION_RETRY_ATTEMPTS: 0,
        semconv.OPERATION_MAX_RETRIES: 0,
        semconv.OPERATION_STDOUT: run.stdout.text(),
        semconv.OPERATION_STDERR: run.stderr.text(),
    }
    if how.unfinished:
        known[semconv.OPERATION_UNFINISHED] = True
        known[semconv.OPERATION_STDERR] = run.stderr.text() or UNFINISHED.format(how.error_type)
    return known
