"""Metrics that are written somewhere, instead of asked for: a textfile, a Pushgateway.

What is written while a new series is held at 0 is written again when that ends (`settle`).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from chaos_otel.config.folders import open_private, private_folder
from chaos_otel.exporters.prometheus_text import exposition
from chaos_otel.exporters.textfile import write_textfile
from chaos_otel.pipeline.handover import spawn_detached
from chaos_otel.pipeline.metrics_snapshot import metrics_snapshot
from chaos_otel.store.counters import settles_at_wall_ns
from chaos_otel.store.database import BUSY_S, Database
from chaos_otel.store.rewrites import OutletKind, Rewrite, want_rewrite

SETTLE: Final = "chaos_otel.pipeline.settle"


class Outlet(NamedTuple):
    """`place` is a textfile's folder or a Pushgateway's group address; `hold_s` is how long a new
    series shows 0 there: two of its scrape intervals."""

    kind: OutletKind
    place: str
    hold_s: float
    insecure: bool = False


def write_outlet(
    state: str, outlet: Outlet, *, settle: bool = True, busy_s: float = BUSY_S
) -> None:
    """Write the store's metrics there, as they are now, and have them written again if need be.

    Two that write at the same time do so one after another, so that the newer one stays.
    MetricsError where it cannot be written, StateError where the store cannot be read.
    """
    with _alone(state, outlet.kind), Database(state, busy_s=busy_s) as database:
        now_wall_ns = time.time_ns()
        data = metrics_snapshot(database, now_wall_ns=now_wall_ns, hold_s=outlet.hold_s)
        _WRITERS[outlet.kind](outlet, exposition(data).body)
        due = settles_at_wall_ns(database, now_wall_ns=now_wall_ns, hold_s=outlet.hold_s)
        if due is None or not settle:
            return
        want_rewrite(
            database, Rewrite(outlet.kind, outlet.place, outlet.hold_s, due, outlet.insecure)
        )
    spawn_detached(["-m", SETTLE, state])


def _textfile(outlet: Outlet, text: bytes) -> None:
    write_textfile(outlet.place, text)


def _pushgateway(outlet: Outlet, text: bytes) -> None:
    from chaos_otel.exporters.pushgateway import push_metrics  # no HTTP for who writes files

    push_metrics(outlet.place, text, insecure=outlet.insecure)


_WRITERS: Final[Mapping[OutletKind, Callable[[Outlet, bytes], None]]] = {
    "textfile": _textfile,
    "pushgateway": _pushgateway,
}


@contextmanager
def _alone(state: str, kind: OutletKind) -> Iterator[None]:
    fd = open_private(f"{private_folder(state)}/{kind}.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
