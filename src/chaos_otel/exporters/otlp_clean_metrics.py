"""Metrics as every OTLP receiver takes them. Knows the SDK's model and no encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)

from chaos_otel.exporters import otlp_clean as clean
from chaos_otel.exporters.otlp_clean import Budget
from chaos_otel.exporters.otlp_clean_records import Cleaner


def clean_metrics(metrics: MetricsData) -> MetricsData:
    """The same metrics, clean."""
    return MetricsData([_of_resource(one, Cleaner()) for one in metrics.resource_metrics])


def _of_resource(said: ResourceMetrics, cleaner: Cleaner) -> ResourceMetrics:
    resource = cleaner.resource(said.resource)
    scopes = [_of_scope(one, cleaner) for one in said.scope_metrics]
    return ResourceMetrics(resource, scopes, clean.text(said.schema_url or "", Budget()))


def _of_scope(said: ScopeMetrics, cleaner: Cleaner) -> ScopeMetrics:
    scope = cleaner.scope(said.scope)
    metrics = [_metric(one) for one in said.metrics]
    return ScopeMetrics(
        said.scope if scope is None else scope, metrics, clean.text(said.schema_url or "", Budget())
    )


def _metric(said: Metric) -> Metric:
    budget = Budget()
    data: Any = said.data
    return Metric(
        name=clean.text(said.name, budget, limit=clean.KEY_CHARACTERS_MAX),
        description=clean.text(said.description or "", budget),
        unit=clean.text(said.unit or "", budget, limit=clean.KEY_CHARACTERS_MAX),
        data=replace(data, data_points=_points(data.data_points)),
    )


def _points(
    said: Sequence[NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint],
) -> list[Any]:
    return [_point(one) for one in said]


def _point(
    said: NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint,
) -> NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint:
    known: dict[str, Any] = {
        "attributes": clean.attributes(said.attributes, Budget()),
        "start_time_unix_nano": clean.time_ns(said.start_time_unix_nano),
        "time_unix_nano": clean.time_ns(said.time_unix_nano),
    }
    if isinstance(said, NumberDataPoint) and isinstance(said.value, int):
        known["value"] = min(max(-clean.INT64_MAX - 1, said.value), clean.INT64_MAX)
    return replace(said, **known)
