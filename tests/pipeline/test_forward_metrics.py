"""Snapshots of the counters to one destination: which is sent, and which is not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.e2e.installed import wait_for
from tests.pipeline.forward_runs import (
    KEY,
    RememberingSender,
    append,
    destination,
    records,
    write_run,
)

from chaos_otel import semconv
from chaos_otel.instruments import RUNS
from chaos_otel.measures import Increment
from chaos_otel.pipeline import forward_worker
from chaos_otel.pipeline.forward_backlog import Backlog
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_lock import LOCKS, short_name
from chaos_otel.pipeline.forward_metrics import send_series
from chaos_otel.pipeline.forward_orders import Orders
from chaos_otel.pipeline.forward_worker import Worker
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.waiting import drop_waiting
from chaos_otel.store.counters import add
from chaos_otel.store.database import Database

_NS = 10**9


def _dispatch(state: Path, sender: RememberingSender, orders: Orders | None = None) -> Dispatch:
    to = destination()
    return Dispatch(
        to._replace(urls={**to.urls, "metrics": "http://127.0.0.1:9/v1/metrics"}),
        state=str(state),
        pace=Pace(flush_interval_s=0.05),
        orders=orders or Orders(),
        fingerprint="",
        sender=sender,
    )


def _count(state: Path) -> None:
    """A run of `deploy`."""
    with Database(str(state)) as database:
        labels = ((semconv.LABEL_SCRIPT, "deploy"),)
        add(database, [Increment(RUNS.name, labels, 1.0)], now_wall_ns=time.time_ns())


def _signals(sender: RememberingSender) -> list[str]:
    return [signal for signal, _ in sender.taken]


def test_a_clock_that_was_ahead_keeps_no_destination_without_metrics(tmp_path: Path) -> None:
    """The time of the last snapshot lies years ahead, as the clock has been put back since: the
    next one goes all the same; one that is older than what was sent since does not."""
    _count(tmp_path)
    sender = RememberingSender()
    dispatch = _dispatch(tmp_path, sender)
    send_series(dispatch)
    (file,) = (tmp_path / LOCKS).glob(f"{short_name(KEY)}.*")
    file.write_bytes(b"%020d" % (time.time_ns() + 3650 * 86400 * _NS))
    send_series(dispatch)
    assert _signals(sender) == ["metrics", "metrics"]
    assert int(file.read_bytes()) <= time.time_ns()
    dispatch.close()


@pytest.mark.parametrize("begun", [False, True], ids=["before it begins", "under way"])
def test_who_revokes_means_the_counters_as_well(
    tmp_path: Path, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is given up for a destination sends it no snapshot any more."""
    # on a busy machine the first one would be due before the revocation
    monkeypatch.setattr(forward_worker, "FIRST_METRICS_S", 3600.0)
    _count(tmp_path)
    folder = write_run(tmp_path, 0, to=[destination()], delivered=False, ended=False)
    everything = list(records(folder.name, 1))
    sender, orders = RememberingSender(), Orders()
    worker = _worker(tmp_path, sender, orders, live=folder)
    threads = [worker.start()] if begun else []
    wait_for(lambda: not begun or worker.backlog)
    with Database(str(tmp_path)) as database:
        runs = str(tmp_path / "runs")
        assert drop_waiting(runs, database, KEY, now_wall_ns=time.time_ns(), reason="revoked") == 1
    append(folder, everything[1:], first=2)
    orders.end(until_s=time.monotonic() + 60)
    orders.count()
    for thread in threads or [worker.start()]:
        thread.join(60)
    assert worker.over.is_set()
    assert worker.problem == ""
    assert sender.tried == 0


def test_a_run_sends_its_counters_at_its_end(tmp_path: Path) -> None:
    """What the test above would see."""
    _count(tmp_path)
    folder = write_run(tmp_path, 1, to=[destination()])
    sender, orders = RememberingSender(), Orders()
    orders.end(until_s=time.monotonic() + 60)
    orders.count()
    _worker(tmp_path, sender, orders, live=folder).run()
    assert "metrics" in _signals(sender)


def _worker(state: Path, sender: RememberingSender, orders: Orders, *, live: Path) -> Worker:
    def backlog(dispatch: Dispatch) -> Backlog:
        return Backlog(dispatch, str(state / "runs"), may_go=lambda run: True, leave=(live.name,))

    def fail(error: Exception) -> None:
        raise error

    return Worker(
        KEY,
        make=lambda: _dispatch(state, sender, orders),
        orders=orders,
        live_folder=str(live),
        backlog=backlog,
        on_error=fail,
    )
