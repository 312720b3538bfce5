"""Operations of one run, added up by host and result, and by name, as they end."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel import instruments, semconv
from chaos_otel.instruments import DURATION_BOUNDS_S
from chaos_otel.labels import clean, joined, rest, series_limit
from chaos_otel.measures import Distribution, Increment, Labels, Measure, Observations
from chaos_otel.recorder.run_totals import word

_NAMES_KEPT: Final = 10_000
_S: Final = 1e9


class OperationTally:
    """Memory is bounded: a run keeps no more label sets than a metric may have series."""

    def __init__(self) -> None:
        self._operations: Counter[Labels] = Counter()
        self._retries: Counter[Labels] = Counter()
        self._durations: dict[Labels, _Durations] = {}
        self._cleaned: dict[str, str] = {}

    def add(self, span: ReadableSpan) -> None:
        """One has ended."""
        attributes = span.attributes or {}
        labels = (
            (semconv.LABEL_CHANGED, word(attributes.get(semconv.OPERATION_CHANGED))),
            (semconv.LABEL_RESULT, str(attributes[semconv.TASK_RUN_RESULT])),
            (
                semconv.SERVER_ADDRESS,
                self._clean(str(attributes.get(semconv.SERVER_ADDRESS, semconv.LOCAL_HOST))),
            ),
        )
        self._operations[_bounded(labels, self._operations)] += 1
        name: Labels = ((semconv.LABEL_OPERATION, self._clean(span.name)),)
        retries = attributes.get(semconv.OPERATION_RETRY_ATTEMPTS, 0)
        if isinstance(retries, int) and retries > 0:
            self._retries[_bounded(name, self._retries)] += retries
        if semconv.OPERATION_UNTIMED not in attributes:
            name = _bounded(name, self._durations)
            self._durations.setdefault(name, _Durations()).add(duration_s(span))

    def measures(self, script: Labels) -> Iterator[Measure]:
        """All of it, for the counters of this script."""
        for labels, count in self._operations.items():
            yield Increment(instruments.OPERATIONS.name, joined(script, *labels), count)
        for labels, durations in self._durations.items():
            yield Observations(
                instruments.OPERATION_DURATION.name, joined(script, *labels), durations.all()
            )
        for labels, count in self._retries.items():
            yield Increment(instruments.OPERATION_RETRIES.name, joined(script, *labels), count)

    def _clean(self, value: str) -> str:
        """Cleaned once for each name: there may be a hundred thousand operations of it."""
        known = self._cleaned.get(value)
        if known is None:
            known = clean(value)
            if len(self._cleaned) < _NAMES_KEPT:
                self._cleaned[value] = known
        return known


class _Durations:
    """The distribution of durations, one at a time."""

    __slots__ = ("_buckets", "_sum")

    def __init__(self) -> None:
        self._buckets = [0] * (len(DURATION_BOUNDS_S) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._buckets[bisect_left(DURATION_BOUNDS_S, seconds)] += 1
        self._sum += seconds

    def all(self) -> Distribution:
        """All of them."""
        buckets = tuple(self._buckets)
        return Distribution(DURATION_BOUNDS_S, buckets, sum(buckets), self._sum)


def duration_s(span: ReadableSpan) -> float:
    """How long it took."""
    return max(0, (span.end_time or 0) - (span.start_time or 0)) / _S


def _bounded(labels: Labels, known: Collection[Labels]) -> Labels:
    return labels if labels in known or len(known) < series_limit(labels) else rest(labels)
