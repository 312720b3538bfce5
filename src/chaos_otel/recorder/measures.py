"""Folds a run's records and spans into what it adds to the counters.

Takes them as they come and keeps sums only: memory is bounded by how many label sets there may be.
Knows nothing of where the counters are.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel import instruments, semconv
from chaos_otel.instruments import DURATION_BOUNDS_S
from chaos_otel.labels import clean, joined, of_script, rest, series_limit
from chaos_otel.measures import (
    Distribution,
    Increment,
    Labels,
    Level,
    Measure,
    Observation,
    Observations,
    Step,
)
from chaos_otel.recorder.outcome import Outcome
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.script_metrics import is_taken, metric_name
from chaos_otel.records import (
    Damage,
    Event,
    ForeignSpan,
    Hooked,
    Metric,
    OperationStarted,
    Output,
    Record,
    RunEnded,
    RunNamed,
    Tag,
)

METRICS_MAX: Final = 100
SOURCES_MAX: Final = 20
WHERES_MAX: Final = 20
_NAMES_KEPT: Final = 10_000
# working hours, local time: Monday to Friday, from 8 to 18 o'clock
_WORKING_DAYS: Final = range(5)
_WORKING_HOURS: Final = range(8, 18)
_SOURCES: Final = {
    RunNamed: "script",
    Event: "script",
    Metric: "script",
    Tag: "script",
    ForeignSpan: "otlp",
    Output: "output",
}
_S: Final = 1e9


class RunMeasures:
    """Give it every record (`record`) and every span that became of it (`spans`), in order; then
    `finish`, once."""

    def __init__(self) -> None:
        self._records: Counter[type] = Counter()
        self._sources: set[str] = set()
        self._damage: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._script: dict[str, tuple[float, int]] = {}
        self._operations: Counter[Labels] = Counter()
        self._retries: Counter[Labels] = Counter()
        self._durations: dict[Labels, _Durations] = {}
        self._cleaned: dict[str, str] = {}
        self._run_span: ReadableSpan | None = None

    def record(self, record: Record) -> None:
        """Take a record in."""
        kind = type(record)
        self._records[kind] += 1
        if (source := _SOURCES.get(kind)) is not None:
            self._sources.add(source)
        if isinstance(record, Metric):
            self._metric(record)
        elif isinstance(record, Output):
            self._dropped["output"] += record.cut_bytes > 0
        elif isinstance(record, OperationStarted):
            if semconv.CH_AOS_SOURCE in record.attributes:
                self._sources.add("ch-aos")
        elif isinstance(record, Hooked) and len(self._sources) < SOURCES_MAX:
            self._sources.add(clean(record.tool))
        elif isinstance(record, Damage) and (
            record.where in self._damage or len(self._damage) < WHERES_MAX
        ):
            self._damage[record.where] += record.count

    def spans(self, spans: Iterable[ReadableSpan]) -> None:
        """Take spans in: operations count, the run's own span says how long it took, others are
        nobody's."""
        for span in spans:
            attributes = span.attributes or {}
            if semconv.PIPELINE_RUN_ID in attributes:
                self._run_span = span
            elif semconv.TASK_RUN_ID in attributes and attributes.get(
                semconv.OPERATION_COUNTED, True
            ):
                self._operation(span)

    def finish(
        self, run: Run, outcome: Outcome, *, lost_records: int = 0, after_s: float | None = None
    ) -> list[Measure]:
        """All of it, for the counters.

        `lost_records` is what the journal's reader missed; `after_s` how long the outputs took
        after the command's end, None where nobody waited for them.
        """
        script = of_script(run.name, run.started.environment)
        if lost_records:
            self._damage["journal"] += lost_records
        return [
            *self._of_run(run, outcome, script),
            *_of_usage(run, script, at=self._end_ns(run)),
            *self._of_operations(script),
            *self._of_script(script, at=self._end_ns(run)),
            *self._of_ourselves(run),
            *_of_overhead(run, after_s, at=self._end_ns(run)),
        ]

    def _metric(self, record: Metric) -> None:
        name = metric_name(record.name)
        if name not in self._script:
            if len(self._script) >= METRICS_MAX:
                self._dropped["script_metrics"] += 1
                return
            if name != metric_name(name.removeprefix(instruments.SCRIPT_METRIC_PREFIX)) or (
                is_taken(record.name)
            ):
                self._dropped["metric_renamed"] += 1
        self._script[name] = (record.value, record.wall_ns)

    def _operation(self, span: ReadableSpan) -> None:
        attributes = span.attributes or {}
        host = str(attributes.get(semconv.SERVER_ADDRESS, semconv.LOCAL_HOST))
        labels = (
            (semconv.LABEL_CHANGED, _word(attributes.get(semconv.OPERATION_CHANGED))),
            (semconv.LABEL_RESULT, str(attributes[semconv.TASK_RUN_RESULT])),
            (semconv.SERVER_ADDRESS, self._clean(host)),
        )
        self._operations[_bounded(labels, self._operations)] += 1
        name = ((semconv.LABEL_OPERATION, self._clean(span.name)),)
        retries = attributes.get(semconv.OPERATION_RETRY_ATTEMPTS, 0)
        if isinstance(retries, int) and retries > 0:
            self._retries[_bounded(name, self._retries)] += retries
        if semconv.OPERATION_UNTIMED not in attributes:
            name = _bounded(name, self._durations)
            self._durations.setdefault(name, _Durations()).add(_duration_s(span))

    def _clean(self, value: str) -> str:
        """Cleaned once for each name: there may be a hundred thousand operations of it."""
        known = self._cleaned.get(value)
        if known is None:
            known = clean(value)
            if len(self._cleaned) < _NAMES_KEPT:
                self._cleaned[value] = known
        return known

    def _end_ns(self, run: Run) -> int:
        end_ns = self._run_span.end_time if self._run_span is not None else None
        return run.started.wall_ns if end_ns is None else end_ns

    def _of_run(self, run: Run, outcome: Outcome, script: Labels) -> Iterator[Measure]:
        at = self._end_ns(run)
        duration_s = _duration_s(self._run_span) if self._run_span is not None else 0.0
        attributes = run.started.attributes
        labels = joined(
            script,
            (semconv.LABEL_RESULT, outcome.result),
            (
                semconv.LABEL_RECORDED_REVISION,
                _word(semconv.VCS_REF_HEAD_REVISION in attributes),
            ),
            (semconv.LABEL_RECORDED_USER, _word(semconv.USER_HASH in attributes)),
            (semconv.LABEL_WORKING_HOURS, _word(in_working_hours(run.started.wall_ns))),
        )
        yield Increment(instruments.RUNS.name, labels, 1)
        yield Level(instruments.EXECUTION_TIME.name, script, duration_s, at)
        yield Observation(instruments.RUN_DURATION.name, script, duration_s)
        yield Level(instruments.LAST_RUN.name, script, at / _S, at)
        if outcome.success:
            yield Level(instruments.FAILURES_CONSECUTIVE.name, script, 0, at)
            yield Level(instruments.LAST_SUCCESS.name, script, at / _S, at)
            return
        error = (semconv.ERROR_TYPE, clean(outcome.error_type))
        yield Increment(instruments.FAILURES.name, joined(script, error), 1)
        yield Step(instruments.FAILURES_CONSECUTIVE.name, script, 1, at)
        yield Level(instruments.LAST_FAILURE.name, script, at / _S, at)

    def _of_operations(self, script: Labels) -> Iterator[Measure]:
        for labels, count in self._operations.items():
            yield Increment(instruments.OPERATIONS.name, joined(script, *labels), count)
        for labels, durations in self._durations.items():
            yield Observations(
                instruments.OPERATION_DURATION.name, joined(script, *labels), durations.all()
            )
        for labels, count in self._retries.items():
            yield Increment(instruments.OPERATION_RETRIES.name, joined(script, *labels), count)

    def _of_script(self, script: Labels, *, at: int) -> Iterator[Measure]:
        for name, (value, wall_ns) in self._script.items():
            yield Level(name, script, value, min(wall_ns, at))

    def _of_ourselves(self, run: Run) -> Iterator[Measure]:
        for kind, count in self._records.items():
            tag = (semconv.LABEL_RECORD, str(kind.__struct_config__.tag))  # type: ignore[attr-defined]
            yield Increment(instruments.SELF_RECORDS.name, (tag,), count)
        for source in self._sources:
            yield Increment(instruments.SELF_SOURCES.name, ((semconv.LABEL_SOURCE, source),), 1)
        for where, count in self._damage.items():
            yield Increment(
                instruments.SELF_DAMAGE.name, ((semconv.LABEL_WHERE, clean(where)),), count
            )
        lost = Counter({what: count for what, count in run.losses.items() if what not in self._damage})
        for reason, count in (self._dropped + lost).items():
            yield Increment(
                instruments.SELF_DROPPED.name, ((semconv.LABEL_REASON, clean(reason)),), count
            )


class _Durations:
    """The distribution of durations, one at a time."""

    __slots__ = ("_buckets", "_sum")

    def __init__(self) -> None:
        self._buckets = [0] * (len(DURATION_BOUNDS_S) + 1)
        self._sum = 0.0

    def add(self, duration_s: float) -> None:
        """One more."""
        self._buckets[bisect_left(DURATION_BOUNDS_S, duration_s)] += 1
        self._sum += duration_s

    def all(self) -> Distribution:
        """All of them."""
        buckets = tuple(self._buckets)
        return Distribution(DURATION_BOUNDS_S, buckets, sum(buckets), self._sum)


def in_working_hours(wall_ns: int) -> bool:
    """Whether that is between 8 and 18 o'clock, Monday to Friday, in this machine's time zone."""
    try:
        local = time.localtime(wall_ns / _S)
    except (OverflowError, ValueError, OSError):
        return False
    return local.tm_wday in _WORKING_DAYS and local.tm_hour in _WORKING_HOURS


def _of_usage(run: Run, script: Labels, *, at: int) -> Iterator[Measure]:
    """What the command used, as far as somebody knows."""
    ended = run.ended or RunEnded(wall_ns=0, mono_ns=0)
    sampled_s = run.tree.get(semconv.RUN_TREE_CPU_S)
    cpu_s: float | None = None
    if ended.cpu_user_s is not None or ended.cpu_system_s is not None:
        cpu_s = (ended.cpu_user_s or 0.0) + (ended.cpu_system_s or 0.0)
    elif isinstance(sampled_s, float | int):
        cpu_s = sampled_s
    counted = (
        (instruments.CPU_TIME, script, cpu_s),
        (instruments.DISK_IO, _towards(script, "read"), ended.io_read_bytes),
        (instruments.DISK_IO, _towards(script, "write"), ended.io_write_bytes),
        (instruments.NETWORK_IO, script, ended.network_bytes),
        (instruments.REDACTIONS, script, ended.redactions),
    )
    for instrument, labels, value in counted:
        if value is not None:
            yield Increment(instrument.name, labels, max(0, value))
    sampled_bytes = run.tree.get(semconv.RUN_TREE_MEMORY_PEAK_BYTES)
    peaks = [one for one in (ended.memory_peak_bytes, sampled_bytes) if isinstance(one, int)]
    if peaks:
        yield Level(instruments.MEMORY_PEAK.name, script, max(peaks), at)
    if ended.disk_used_bytes is not None:
        yield Level(instruments.DISK_USAGE.name, script, ended.disk_used_bytes, at)


def _of_overhead(run: Run, after_s: float | None, *, at: int) -> Iterator[Measure]:
    """What the command waited for us before it began, and its caller after it had ended."""
    phases = {"after": after_s}
    if run.process is not None and run.started.wrapped:
        began_ns = (run.ended and run.ended.started_mono_ns) or run.process.mono_ns
        phases["before"] = (began_ns - run.started.mono_ns) / _S
    for phase, seconds in phases.items():
        if seconds is not None:
            labels = ((semconv.LABEL_PHASE, phase),)
            yield Level(instruments.SELF_OVERHEAD.name, labels, max(0.0, seconds), at)


def _towards(script: Labels, direction: str) -> Labels:
    return joined(script, (semconv.LABEL_DIRECTION, direction))


def _bounded(labels: Labels, known: Counter[Labels] | dict[Labels, _Durations]) -> Labels:
    """A run keeps no more label sets than a metric may have series."""
    return labels if labels in known or len(known) < series_limit(labels) else rest(labels)


def _duration_s(span: ReadableSpan) -> float:
    return max(0, (span.end_time or 0) - (span.start_time or 0)) / _S


def _word(value: object) -> str:
    return "true" if value is True else "false"
