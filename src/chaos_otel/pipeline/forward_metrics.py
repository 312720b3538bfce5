"""Sends what the counters say to one destination, one sender at a time.

Metrics are snapshots: only the newest one counts, so none is kept for later. The one from the
beginning of a run goes before that of its end: a rate needs two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from chaos_otel import __version__, semconv
from chaos_otel.exporters.answer import Answer
from chaos_otel.measures import Series
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_lock import metrics_lock
from chaos_otel.pipeline.live_runs import is_live
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database
from chaos_otel.store.instance import instance_id

_LOOK_AGAIN_S: Final = 0.02


def series_now(database: Database, *, hold_s: float) -> list[Series]:
    """Every series as it is at this moment. StateError where the store cannot be read."""
    now_ns = time.time_ns()
    series = read_series(database, now_wall_ns=now_ns, hold_s=hold_s, is_live=is_live)
    # a counter that did not change has its value now all the same
    return [one._replace(at_wall_ns=now_ns) for one in series]


def of_script(series: Sequence[Series], script: str) -> list[Series]:
    """Those of one script, where consent is for its run alone; all if it is empty."""
    return [one for one in series if not script or (semconv.LABEL_SCRIPT, script) in one.labels]


class Snapshot(NamedTuple):
    """What became of one: None where there was nothing to send. It shows `at_wall_ns`."""

    answer: Answer | None = None
    at_wall_ns: int = 0


def send_series(dispatch: Dispatch, *, script: str = "", before: Sequence[Series] = ()) -> Snapshot:
    """Send a snapshot of now, and in front of it `before` if no newer one was sent.

    Waits for other senders; OutOfTimeError where there is no time left, StateError where the store
    cannot be read.
    """
    database = dispatch.ledger.database
    while database is not None:
        with metrics_lock(dispatch.state, dispatch.destination.key) as fd:
            if fd >= 0:
                return _send_alone(dispatch, database, fd, script=script, before=before)
        dispatch.orders.sleep(_LOOK_AGAIN_S)
    return Snapshot()


def _send_alone(
    dispatch: Dispatch, database: Database, fd: int, *, script: str, before: Sequence[Series]
) -> Snapshot:
    answer: Answer | None = None
    now = series_now(database, hold_s=dispatch.pace.hold_s)
    sent_ns = _last_sent(fd, now_wall_ns=time.time_ns())
    for series in (of_script(before, script), of_script(now, script)):
        if not series or series[0].at_wall_ns <= sent_ns:
            continue
        sent_ns = series[0].at_wall_ns
        answer = dispatch.courier.send("metrics", _body(series, database))
        os.pwrite(fd, b"%020d" % sent_ns, 0)
    return Snapshot(answer, sent_ns)


def _body(series: Sequence[Series], database: Database) -> bytes:
    from chaos_otel.exporters.metrics_data import metrics_data
    from chaos_otel.exporters.otlp_encode import encode_metrics

    data = metrics_data(
        list(series), instance_id=instance_id(database), version=__version__, host=os.uname()[1]
    )
    return encode_metrics(data)


def _last_sent(fd: int, *, now_wall_ns: int) -> int:
    """A time that is still to come was read from a clock that has been put back since: waiting for
    it would keep the destination without metrics until then."""
    text = os.pread(fd, 20, 0)
    sent_ns = int(text) if text.isdigit() else 0
    return sent_ns if sent_ns <= now_wall_ns else 0
