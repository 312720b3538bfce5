"""The store's series as they are at this moment, as OpenTelemetry metrics.

The one reading that all ways out share: OTLP, scrapes, textfiles, pushes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos_otel import __version__, semconv
from chaos_otel.pipeline.live_runs import is_live
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database
from chaos_otel.store.instance import instance_id

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData


def metrics_snapshot(
    database: Database, *, now_wall_ns: int, hold_s: float, script: str = "", host: str = ""
) -> MetricsData:
    """Every series now; with `script` only that script's. StateError where the store cannot be
    read."""
    from chaos_otel.exporters.metrics_data import metrics_data

    series = read_series(database, now_wall_ns=now_wall_ns, hold_s=hold_s, is_live=is_live)
    if script:
        series = [one for one in series if (semconv.LABEL_SCRIPT, script) in one.labels]
    return metrics_data(series, instance_id=instance_id(database), version=__version__, host=host)
