"""The store's series as they are at this moment, as OpenTelemetry metrics.

The one reading that all ways out share: OTLP, scrapes, textfiles, pushes.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from chaos_otel import __version__, semconv
from chaos_otel.config.folders import open_private
from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.run_folder import LOCK
from chaos_otel.store.active import ActiveRun
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

    series = read_series(database, now_wall_ns=now_wall_ns, hold_s=hold_s, is_live=is_under_way)
    if script:
        series = [one for one in series if (semconv.LABEL_SCRIPT, script) in one.labels]
    return metrics_data(series, instance_id=instance_id(database), version=__version__, host=host)


def is_under_way(run: ActiveRun) -> bool:
    """Whether somebody still works on it: a run that was killed, or a machine that was, said
    nothing when it ended."""
    try:
        fd = open_private(f"{run.folder}/{LOCK}", os.O_RDWR)
    except (OSError, ChaosOtelError):
        return False
    try:
        # shared: those who look at the same time do not take each other for the run
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)
