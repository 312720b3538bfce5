"""Metric points of an OTLP request as metrics (`M` lines): the last value of each series.

A histogram or summary becomes its count and its sum. Differences are added up to
totals here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from chaos_otel.sources.otlp.said import Rejected, Said, Translated, time_field
from chaos_otel.sources.otlp.values import cut, texts

SERIES_MAX: Final = 2_000
_DELTA: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_SIMPLE: Final = ("gauge", "sum")


class Metrics:
    """Translates requests one after another; remembers the totals of series that send
    differences."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, ...], float] = {}

    def metrics(self, request: ExportMetricsServiceRequest) -> Iterator[Translated]:
        """Every point of every metric, in order; one for each point at least."""
        for of_resource in request.resource_metrics:
            for of_scope in of_resource.scope_metrics:
                for metric in of_scope.metrics:
                    yield from self._metric(metric)

    def _metric(self, metric: Metric) -> Iterator[Translated]:
        kind = metric.WhichOneof("data")
        if kind is None or not metric.name:
            yield Rejected("a metric without a name or without data")
            return
        data = getattr(metric, kind)
        is_delta = getattr(data, "aggregation_temporality", None) == _DELTA
        for point in data.data_points:
            for suffix, value in _values(point, simple=kind in _SIMPLE):
                yield self._point(f"{cut(metric.name)}{suffix}", value, point, is_delta=is_delta)

    def _point(self, name: str, value: float, point: Any, *, is_delta: bool) -> Translated:
        pairs = texts(point.attributes)
        if is_delta:
            series = (name, *(f"{key}={pairs[key]}" for key in sorted(pairs)))
            if series not in self._totals and len(self._totals) >= SERIES_MAX:
                return Rejected("more series than are kept")
            value = self._totals[series] = self._totals.get(series, 0.0) + value
        if not math.isfinite(value):
            return Rejected("a value that is not finite")
        return Said("M", (time_field(point.time_unix_nano), name, value), pairs)


def _values(point: Any, *, simple: bool) -> Iterator[tuple[str, float]]:
    if simple:
        kind = point.WhichOneof("value")
        yield "", float(getattr(point, kind)) if kind else math.nan
    else:
        yield ".count", float(point.count)
        yield ".sum", float(point.sum)
