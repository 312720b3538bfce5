"""`MetricsData` in Prometheus's text format, or in OpenMetrics where that is asked for.

OpenTelemetry's exporter names and sorts, the Prometheus client writes. This module knows only how
to hand our data to the first instead of to instruments, and what those two do not look after: names
that become the same on the way. Knows no store, no file, no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast

# private: its public reader collects from a meter provider, and ours comes from a store
from opentelemetry.exporter.prometheus import _CustomCollector
from opentelemetry.sdk.metrics.export import Metric, MetricsData
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from chaos_otel.instruments import INSTRUMENTS, SCRIPT_METRIC_PREFIX

_BELONGING: Final = ("", "_total", "_bucket", "_sum", "_count", "_created", "_info")
_SEPARATORS: Final = re.compile(r"[^a-zA-Z0-9]+")
_OWN: Final = "own."  # in a name: script.own.runs_total


class Exposition(NamedTuple):
    """A whole answer to a scrape. `content_type` says which of the formats it is in."""

    content_type: str
    body: bytes


def exposition(data: MetricsData, *, accept: str = "") -> Exposition:
    """All of `data` and `target_info`, without timestamps, each sample once.

    `accept` is a request's header: OpenMetrics is written for who asks for it, else the text
    format 0.0.4. Samples that Prometheus could not tell apart become one, the last in time.
    """
    registry = CollectorRegistry()
    # no labels for the scope: there is one only, and they would stand in every rule and every join
    collector = _CustomCollector(scope_info_enabled=False)
    if data.resource_metrics:
        collector.add_metrics_data(_distinct(data))
    registry.register(cast(Collector, collector))
    encode, content_type = choose_encoder(accept)
    return Exposition(content_type, encode(registry))


def _distinct(data: MetricsData) -> MetricsData:
    resources = []
    for resource in data.resource_metrics:
        scopes = [
            replace(scope, metrics=list(_families(scope.metrics)))
            for scope in resource.scope_metrics
        ]
        resources.append(replace(resource, scope_metrics=scopes))
    return MetricsData(resources)


def _families(metrics: Iterable[Metric]) -> Iterator[Metric]:
    """Metrics whose names stay apart: a script's own `runs_total` must not be our counter, and
    those of its own that differ in a dot alone are one."""
    ours, scripts = _ours_and_scripts(metrics)
    taken = {f"{_family(one)}{suffix}" for one in ours for suffix in _BELONGING}
    yield from map(_once, ours)
    together: dict[str, Metric] = {}
    for metric in scripts:
        if taken & {f"{_family(metric)}{suffix}" for suffix in _BELONGING}:
            prefix = SCRIPT_METRIC_PREFIX
            metric = replace(metric, name=f"{prefix}{_OWN}{metric.name.removeprefix(prefix)}")
        other = together.get(_family(metric))
        together[_family(metric)] = metric if other is None else _joined(other, metric)
    yield from map(_once, together.values())


def _ours_and_scripts(metrics: Iterable[Metric]) -> tuple[list[Metric], list[Metric]]:
    known = {one.name for one in INSTRUMENTS}
    ours: list[Metric] = []
    scripts: list[Metric] = []
    for metric in metrics:
        (ours if metric.name in known else scripts).append(metric)
    return ours, scripts


def _family(metric: Metric) -> str:
    instrument = next((one for one in INSTRUMENTS if one.name == metric.name), None)
    if instrument is not None:
        return instrument.prometheus_name.removesuffix("_total")
    return _word(metric.name)


def _word(name: str) -> str:
    """As the exporter writes a name or a label."""
    return _SEPARATORS.sub("_", name)


def _joined(one: Metric, other: Metric) -> Metric:
    return _with_points(one, [*one.data.data_points, *other.data.data_points])


def _once(metric: Metric) -> Metric:
    """Points that become the same sample (labels `a.b` and `a_b`): the last in time stays."""
    points: dict[tuple[tuple[str, str], ...], Any] = {}
    given: list[Any] = list(metric.data.data_points)
    for point in sorted(given, key=lambda one: one.time_unix_nano):
        # to Prometheus an empty label is none
        labels = {_word(key): str(value) for key, value in point.attributes.items() if value != ""}
        points[tuple(sorted(labels.items()))] = point
    return _with_points(metric, [points[key] for key in sorted(points)])


def _with_points(metric: Metric, points: list[Any]) -> Metric:
    data: Any = metric.data  # any of its kinds
    return replace(metric, data=replace(data, data_points=points))
