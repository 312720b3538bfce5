"""`MetricsData` in Prometheus's text format, or in OpenMetrics where that is asked for.

OpenTelemetry's exporter names and sorts, the Prometheus client writes. This module knows only how
to hand our data to the first instead of to instruments; no store, no file, no network. That no two
metrics get the same name on the way is looked after where they are recorded.
"""

from __future__ import annotations

from typing import NamedTuple, cast

# private: its public reader collects from a meter provider, and ours comes from a store
from opentelemetry.exporter.prometheus import _CustomCollector
from opentelemetry.sdk.metrics.export import MetricsData
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector


class Exposition(NamedTuple):
    """A whole answer to a scrape. `content_type` says which of the formats it is in."""

    content_type: str
    body: bytes


def exposition(data: MetricsData, *, accept: str = "") -> Exposition:
    """All of `data` and `target_info`, without timestamps.

    `accept` is a request's header: OpenMetrics is written for who asks for it, else the text
    format 0.0.4.
    """
    registry = CollectorRegistry()
    # no labels for the scope: there is one only, and they would stand in every rule and every join
    collector = _CustomCollector(scope_info_enabled=False)
    if data.resource_metrics:
        collector.add_metrics_data(data)
    registry.register(cast(Collector, collector))
    encode, content_type = choose_encoder(accept)
    return Exposition(content_type, encode(registry))
