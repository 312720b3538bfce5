"""Folds a run's records and spans into what it adds to the counters.

Takes them as they come and keeps sums only. Knows nothing of where the counters are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel import instruments, semconv
from chaos_otel.instruments import Instrument
from chaos_otel.labels import clean, of_script
from chaos_otel.measures import Increment, Labels, Level, Measure
from chaos_otel.recorder.operation_tally import OperationTally, duration_s
from chaos_otel.recorder.outcome import Outcome
from chaos_otel.recorder.run import Run
from chaos_otel.recorder.run_totals import of_ending, of_overhead, of_usage
from chaos_otel.recorder.script_metrics import is_renamed, metric_name
from chaos_otel.records import (
    Damage,
    Event,
    ForeignSpan,
    Hooked,
    Metric,
    OperationStarted,
    Output,
    Record,
    RunNamed,
    Tag,
)

METRICS_MAX: Final = 100
SOURCES_MAX: Final = 20
WHERES_MAX: Final = 20
_SOURCES: Final = {
    RunNamed: "script",
    Event: "script",
    Metric: "script",
    Tag: "script",
    ForeignSpan: "otlp",
    Output: "output",
}


class RunMeasures:
    """Give it every record (`record`) and every span that became of it (`spans`), in order; then
    `finish`, once."""

    def __init__(self) -> None:
        self._records: Counter[type] = Counter()
        self._sources: set[str] = set()
        self._damage: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._script: dict[str, tuple[float, int]] = {}
        self._operations = OperationTally()
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
                self._operations.add(span)

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
        span = self._run_span
        at = (span.end_time if span is not None else None) or run.started.wall_ns
        took_s = duration_s(span) if span is not None else 0.0
        return [
            *of_ending(run, outcome, script, duration_s=took_s, at_wall_ns=at),
            *of_usage(run, script, at_wall_ns=at),
            *self._operations.measures(script),
            *self._of_script(script, at_wall_ns=at),
            *self._of_ourselves(run),
            *of_overhead(run, after_s, at_wall_ns=at),
        ]

    def _metric(self, record: Metric) -> None:
        """The last value of a name stays, whatever its attributes: those may be anything."""
        name = metric_name(record.name)
        if name not in self._script:
            if len(self._script) >= METRICS_MAX:
                self._dropped["script_metrics"] += 1
                return
            self._dropped["metric_renamed"] += is_renamed(record.name)
        self._script[name] = (record.value, record.wall_ns)

    def _of_script(self, script: Labels, *, at_wall_ns: int) -> Iterator[Measure]:
        for name, (value, wall_ns) in self._script.items():
            yield Level(name, script, value, min(wall_ns, at_wall_ns))

    def _of_ourselves(self, run: Run) -> Iterator[Measure]:
        for kind, count in self._records.items():
            yield _one(instruments.SELF_RECORDS, semconv.LABEL_RECORD, _tag(kind), count)
        for source in self._sources:
            yield _one(instruments.SELF_SOURCES, semconv.LABEL_SOURCE, source, 1)
        for where, count in self._damage.items():
            yield _one(instruments.SELF_DAMAGE, semconv.LABEL_WHERE, clean(where), count)
        # damage stands among the losses of a run, too
        lost = {what: n for what, n in run.losses.items() if what not in self._damage}
        for reason, count in (self._dropped + Counter(lost)).items():
            yield _one(instruments.SELF_DROPPED, semconv.LABEL_REASON, clean(reason), count)


def _one(instrument: Instrument, label: str, value: str, count: int) -> Measure:
    return Increment(instrument.name, ((label, value),), count)


def _tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]
