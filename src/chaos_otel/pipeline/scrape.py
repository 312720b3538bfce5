"""What a scrape is answered with: the store's metrics, read when they are asked for."""

from __future__ import annotations

import time

from chaos_otel.exporters.prometheus_text import Exposition, exposition
from chaos_otel.pipeline.metrics_snapshot import metrics_snapshot
from chaos_otel.store.database import Database

# a scrape that waits longer for the store than this has failed for Prometheus anyway (10 s)
BUSY_S = 5.0


def scrape(state: str, *, hold_s: float, accept: str = "") -> Exposition:
    """The metrics of this moment, for a request with this Accept header; any thread may call.

    StateError where the store cannot be read.
    """
    with Database(state, busy_s=BUSY_S) as database:
        data = metrics_snapshot(database, now_wall_ns=time.time_ns(), hold_s=hold_s)
    return exposition(data, accept=accept)
