"""Series as OpenTelemetry metrics."""

from __future__ import annotations

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    Metric,
    MetricsData,
    Sum,
)

from chaos_otel.exporters.metrics_data import metrics_data
from chaos_otel.instruments import INSTRUMENTS
from chaos_otel.measures import Series

from .series_of import BORN_NS, NOW_NS, one_of_each


def _data(*series: Series) -> MetricsData:
    return metrics_data(series, instance_id="one-and-the-same", version="1.2.3", host="web1")


def _metrics(data: MetricsData) -> dict[str, Metric]:
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    return {metric.name: metric for metric in metrics}


def test_each_instrument_is_what_the_table_says() -> None:
    """Name, unit, description and kind; counters are cumulative and monotonic sums."""
    found = _metrics(_data(*one_of_each()))
    kinds = {"counter": Sum, "gauge": Gauge, "histogram": Histogram}
    assert list(found) == sorted(one.name for one in INSTRUMENTS)
    for instrument in INSTRUMENTS:
        metric = found[instrument.name]
        assert (metric.unit, metric.description) == (instrument.unit, instrument.description)
        assert isinstance(metric.data, kinds[instrument.kind])
        if isinstance(metric.data, Sum):
            assert metric.data.is_monotonic
        if isinstance(metric.data, Sum | Histogram):
            assert metric.data.aggregation_temporality == AggregationTemporality.CUMULATIVE


def test_a_series_begins_when_the_store_says() -> None:
    """Counters and histograms carry their start; a gauge has none."""
    found = _metrics(_data(*one_of_each()))
    for instrument in INSTRUMENTS:
        (point,) = found[instrument.name].data.data_points
        assert point.time_unix_nano == NOW_NS
        start_ns = 0 if instrument.kind == "gauge" else BORN_NS
        assert point.start_time_unix_nano == start_ns, instrument.name


def test_a_histogram_keeps_every_count() -> None:
    """Buckets are not cumulative in OpenTelemetry, and there is one more than there are bounds."""
    data = _metrics(_data(*one_of_each()))["script.run.duration"].data
    assert isinstance(data, Histogram)
    (point,) = data.data_points
    assert list(point.bucket_counts) == list(range(len(point.explicit_bounds) + 1))
    assert (point.count, point.sum) == (sum(point.bucket_counts), 321.5)


def test_a_metric_of_a_script_is_a_gauge() -> None:
    """Whatever the table does not know was recorded by a script."""
    found = _metrics(_data(Series("script.queue.length", (), 7.0, 0, NOW_NS)))
    assert isinstance(found["script.queue.length"].data, Gauge)


def test_the_resource_is_the_installation_and_nothing_else() -> None:
    """The same in every call: a collector keeps sums apart by it."""
    (resource,) = _data(*one_of_each()).resource_metrics
    assert dict(resource.resource.attributes) == {
        "service.name": "chaos-otel",
        "service.version": "1.2.3",
        "service.instance.id": "one-and-the-same",
        "host.name": "web1",
    }


def test_no_series_no_data() -> None:
    """An empty store sends nothing at all."""
    assert list(_data().resource_metrics) == []
