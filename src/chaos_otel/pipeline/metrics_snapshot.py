"""The store's series as they are at this moment, as OpenTelemetry metrics: what a scrape, a
textfile and a push show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos_otel import __version__
from chaos_otel.pipeline.live_runs import is_live
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database
from chaos_otel.store.instance import instance_id

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData


def metrics_snapshot(database: Database, *, now_wall_ns: int, hold_s: float) -> MetricsData:
    """Every series now; new ones 0 for `hold_s`. StateError where the store cannot be read."""
    from chaos_otel.exporters.metrics_data import metrics_data

    series = read_series(database, now_wall_ns=now_wall_ns, hold_s=hold_s, is_live=is_live)
    return metrics_data(series, instance_id=instance_id(database), version=__version__)
