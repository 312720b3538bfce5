"""Series of the store as OpenTelemetry's own `MetricsData`, for OTLP and Prometheus alike.

Knows neither of the two, nor the store. The SDK's instruments cannot carry what is summed up
elsewhere (there is no observable histogram), so its data model is filled directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    DataT,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from chaos_otel import semconv
from chaos_otel.instruments import INSTRUMENTS, Instrument
from chaos_otel.measures import Distribution, Series

_INSTRUMENTS: Final[Mapping[str, Instrument]] = {one.name: one for one in INSTRUMENTS}
SCRIPT_METRIC: Final = "Recorded by the script itself."
_UNKNOWN: Final[Any] = None  # OTLP leaves it out; the SDK's types do not know that


def metrics_data(
    series: Sequence[Series], *, instance_id: str, version: str, host: str = ""
) -> MetricsData:
    """All series as one resource of one scope, ordered by metric and labels.

    Cumulative: counters and histograms since their own start. `instance_id` names the installation
    and must be the same in every call, `version` is the program's; `host` becomes `host.name`.
    Empty where there are no series.
    """
    ordered = sorted(series, key=lambda one: (one.metric, one.labels))
    metrics = [_metric(name, list(same)) for name, same in groupby(ordered, lambda one: one.metric)]
    if not metrics:
        return MetricsData(resource_metrics=[])
    scope = InstrumentationScope(semconv.SCOPE_NAME, version, semconv.SCHEMA_URL)
    scoped = ScopeMetrics(scope=scope, metrics=metrics, schema_url=semconv.SCHEMA_URL)
    resource = _resource(instance_id, version=version, host=host)
    return MetricsData([ResourceMetrics(resource, [scoped], schema_url=semconv.SCHEMA_URL)])


def _resource(instance_id: str, *, version: str, host: str) -> Resource:
    attributes = {
        semconv.SERVICE_NAME: "chaos-otel",
        semconv.SERVICE_VERSION: version,
        semconv.SERVICE_INSTANCE_ID: instance_id,
    }
    if host:
        attributes[semconv.HOST_NAME] = host
    # not Resource.create: that reads OTEL_RESOURCE_ATTRIBUTES, which are the command's
    return Resource(attributes, semconv.SCHEMA_URL)


def _metric(name: str, series: Sequence[Series]) -> Metric:
    instrument = _INSTRUMENTS.get(name) or Instrument(name, "gauge", "", SCRIPT_METRIC)
    return Metric(
        name=name,
        description=instrument.description,
        unit=instrument.unit,
        data=_data(instrument, series),
    )


def _data(instrument: Instrument, series: Iterable[Series]) -> DataT:
    if instrument.kind == "histogram":
        points = [
            _histogram_point(one, one.value)
            for one in series
            if isinstance(one.value, Distribution)
        ]
        return Histogram(points, AggregationTemporality.CUMULATIVE)
    numbers = [
        _number_point(one, one.value, kind=instrument.kind)
        for one in series
        if not isinstance(one.value, Distribution)
    ]
    if instrument.kind == "counter":
        return Sum(numbers, AggregationTemporality.CUMULATIVE, is_monotonic=True)
    return Gauge(numbers)


def _number_point(one: Series, value: float, *, kind: str) -> NumberDataPoint:
    return NumberDataPoint(
        attributes=dict(one.labels),
        # a gauge has no beginning: 0 is "unknown" in OTLP
        start_time_unix_nano=one.start_wall_ns if kind == "counter" else 0,
        time_unix_nano=max(one.at_wall_ns, one.start_wall_ns),
        value=value,
    )


def _histogram_point(one: Series, value: Distribution) -> HistogramDataPoint:
    return HistogramDataPoint(
        attributes=dict(one.labels),
        start_time_unix_nano=one.start_wall_ns,
        time_unix_nano=max(one.at_wall_ns, one.start_wall_ns),
        count=value.observations,
        sum=value.sum,
        bucket_counts=list(value.buckets),
        explicit_bounds=[float(bound) for bound in value.bounds],
        min=_UNKNOWN,
        max=_UNKNOWN,
    )
