"""One destination's worker: the live run, the backlog, when it stops, what it leaves behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.e2e.installed import wait_for
from tests.pipeline.forward_runs import (
    KEY,
    RememberingSender,
    append,
    destination,
    records,
    write_run,
)

from chaos_otel.config.destination import Destination, Signal
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, Refused
from chaos_otel.pipeline.destinations_file import waits
from chaos_otel.pipeline.forward_backlog import Backlog
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_orders import Orders
from chaos_otel.pipeline.forward_worker import AT_THE_END, Patience, Worker
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.waiting import drop_waiting, waiting_runs
from chaos_otel.store.database import Database
from chaos_otel.store.dead_letters import dead_letters, unbury

PACE = Pace(batch_size=2, flush_interval_s=0.05)


def _worker(
    state: Path,
    sender: RememberingSender,
    orders: Orders,
    *,
    live: Path | None = None,
    to: Destination | None = None,
    patience: Patience = AT_THE_END,
    may_go: Callable[[Any], bool] = lambda run: True,
) -> Worker:
    to = to or destination()

    def make() -> Dispatch:
        return Dispatch(
            to,
            state=str(state),
            pace=PACE,
            orders=orders,
            fingerprint="",
            sender=sender,
        )

    def backlog(dispatch: Dispatch) -> Backlog:
        leave = (live.name,) if live else ()
        return Backlog(dispatch, str(state / "runs"), may_go=may_go, leave=leave)

    def fail(error: Exception) -> None:
        raise error

    return Worker(
        to.key,
        make=make,
        orders=orders,
        live_folder=str(live) if live else "",
        backlog=backlog,
        on_error=fail,
        patience=patience,
    )


def _spans(sender: RememberingSender) -> list[str]:
    found = []
    for signal, body in sender.taken:
        if signal == "traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                found += [span.name for scope in resource.scope_spans for span in scope.spans]
    return found


def _over() -> Orders:
    orders = Orders()
    orders.end(until_s=time.monotonic() + 120)
    orders.count()
    return orders


def test_what_waits_is_sent_and_waits_no_more(tmp_path: Path) -> None:
    """Three runs, the oldest first; their lists go when all is there."""
    folders = [write_run(tmp_path, 3, to=[destination()]) for _ in range(3)]
    sender = RememberingSender()
    _worker(tmp_path, sender, _over()).run()
    assert _spans(sender) == ["step 0", "step 1", "step 2", "deploy"] * 3
    assert not any(waits(str(folder)) for folder in folders)


def test_a_run_that_another_destination_waits_for_keeps_waiting(tmp_path: Path) -> None:
    """One of two has it: the list stays, and this one is not asked again."""
    other = destination("otlp http://127.0.0.1:10")
    folder = write_run(tmp_path, 1, to=[destination(), other])
    sender = RememberingSender()
    _worker(tmp_path, sender, _over()).run()
    _worker(tmp_path, sender, _over()).run()
    assert _spans(sender) == ["step 0", "deploy"]
    assert waits(str(folder))
    _worker(tmp_path, RememberingSender(), _over(), to=other).run()
    assert not waits(str(folder))


def test_the_live_run_is_sent_as_it_grows(tmp_path: Path) -> None:
    """What is complete goes while the run is under way; its end goes at the end."""
    folder = write_run(tmp_path, 0, to=[destination()], delivered=False, ended=False)
    everything = list(records(folder.name, 4))
    sender, orders = RememberingSender(), Orders()
    worker = _worker(tmp_path, sender, orders, live=folder)
    thread = worker.start()
    append(folder, everything[1:7], first=2)
    wait_for(lambda: len(_spans(sender)) == 2, seconds=60)
    assert not worker.over.is_set()
    append(folder, everything[7:], first=8)
    orders.end(until_s=time.monotonic() + 60)
    orders.count()
    assert worker.over.wait(60)
    thread.join(60)
    assert _spans(sender) == ["step 0", "step 1", "step 2", "step 3", "deploy"]
    assert not waits(str(folder))
    assert worker.live is not None
    assert worker.live.delivered == 9


def test_the_live_run_goes_before_what_waited(tmp_path: Path) -> None:
    """A run of today does not stand behind those of yesterday."""
    write_run(tmp_path, 2, to=[destination()])
    live = write_run(tmp_path, 1, to=[destination()])
    sender = RememberingSender()
    _worker(tmp_path, sender, _over(), live=live).run()
    assert _spans(sender) == ["step 0", "deploy", "step 0", "step 1", "deploy"]


def test_a_dead_destination_is_asked_once_and_keeps_everything(tmp_path: Path) -> None:
    """Nobody waits for who gave no time; the next process leaves it alone, too."""
    folder = write_run(tmp_path, 3, to=[destination()])
    sender = RememberingSender(lambda signal, body: Later("connection refused"))
    _worker(tmp_path, sender, _over()).run()
    assert sender.tried == 1
    assert waits(str(folder))
    with Database(str(tmp_path)) as database:
        [waiting] = waiting_runs(str(tmp_path / "runs"), database)
    assert waiting.cursor is not None
    assert waiting.cursor.spans == 0


def test_retries_of_one_process_are_bounded(tmp_path: Path) -> None:
    """Who says "at once" for ever is asked as often as settings allow, then left alone."""
    write_run(tmp_path, 1, to=[destination()])
    sender = RememberingSender(lambda signal, body: Later("busy", 0.0))
    _worker(tmp_path, sender, _over()).run()
    assert sender.tried == PACE.retry_attempts


def test_a_failure_in_the_middle_is_resumed_there(tmp_path: Path) -> None:
    """What was acknowledged before is not sent again."""
    write_run(tmp_path, 5, to=[destination()])
    broken = RememberingSender()
    broken.reply = lambda signal, body: Delivered() if broken.tried < 3 else Paused("401")
    _worker(tmp_path, broken, _over()).run()
    with Database(str(tmp_path)) as database:
        from chaos_otel.store.destinations import make_ready

        assert make_ready(database, KEY)
    whole = RememberingSender()
    _worker(tmp_path, whole, _over()).run()
    assert _spans(broken) + _spans(whole) == [f"step {number}" for number in range(5)] + ["deploy"]


def test_a_bad_record_is_kept_and_may_be_tried_again(tmp_path: Path) -> None:
    """It lies in the store with the reason; unburied and accepted it is gone."""

    def reply(signal: Signal, body: bytes) -> Answer:
        return Refused("name too odd") if b"step 1" in body else Delivered()

    write_run(tmp_path, 3, to=[destination()])
    sender = RememberingSender(reply)
    _worker(tmp_path, sender, _over()).run()
    with Database(str(tmp_path)) as database:
        [letter] = dead_letters(database, KEY)
        assert letter.reason == "name too odd"
        assert unbury(database, KEY) == 1
    again = RememberingSender()
    _worker(tmp_path, again, _over()).run()
    assert _spans(again) == ["step 1"]
    with Database(str(tmp_path)) as database:
        assert dead_letters(database, KEY) == []


def test_a_run_without_consent_stays_and_is_not_sent(tmp_path: Path) -> None:
    """Consent is asked for again when a run is delivered late."""
    folder = write_run(tmp_path, 1, to=[destination(means="consent")])
    sender = RememberingSender()
    _worker(tmp_path, sender, _over(), may_go=lambda run: False).run()
    assert sender.tried == 0
    assert waits(str(folder))


def test_a_run_that_is_dropped_is_sent_no_more(tmp_path: Path) -> None:
    """Also while it is under way: the next batch does not go."""
    folder = write_run(tmp_path, 0, to=[destination()], delivered=False, ended=False)
    everything = list(records(folder.name, 4))
    sender, orders = RememberingSender(), Orders()
    worker = _worker(tmp_path, sender, orders, live=folder)
    thread = worker.start()
    append(folder, everything[1:7], first=2)
    wait_for(lambda: len(_spans(sender)) == 2, seconds=60)
    with Database(str(tmp_path)) as database:
        runs = str(tmp_path / "runs")
        assert drop_waiting(runs, database, KEY, now_wall_ns=time.time_ns()) == 1
    append(folder, everything[7:], first=8)
    orders.end(until_s=time.monotonic() + 60)
    orders.count()
    thread.join(60)
    assert _spans(sender) == ["step 0", "step 1"]


def test_a_run_that_was_not_closed_is_left_to_be_closed(tmp_path: Path) -> None:
    """A journal without an end, whose outputs were not written, is not sent as if it were whole."""
    folder = write_run(tmp_path, 2, to=[destination()], delivered=False, ended=False)
    sender = RememberingSender()
    _worker(tmp_path, sender, _over()).run()
    assert waits(str(folder))
    assert "deploy" not in _spans(sender)


def test_two_processes_do_not_send_the_same_run(tmp_path: Path) -> None:
    """Whoever has the run's lock for the destination sends it; the other one goes on."""
    from chaos_otel.pipeline.forward_lock import run_lock

    folder = write_run(tmp_path, 1, to=[destination()])
    sender = RememberingSender()
    with run_lock(str(folder), KEY) as mine:
        assert mine
        _worker(tmp_path, sender, _over()).run()
    assert sender.tried == 0
    assert waits(str(folder))


def test_without_a_store_the_run_is_sent_all_the_same(tmp_path: Path) -> None:
    """A damaged store costs the knowledge of what was sent, so the run may be sent again."""
    folder = write_run(tmp_path, 2, to=[destination()])
    (tmp_path / "store.db").write_bytes(b"no database" * 1000)
    (tmp_path / "store.db").chmod(0o600)
    sender = RememberingSender()
    worker = _worker(tmp_path, sender, _over(), live=folder)
    worker.run()
    assert _spans(sender) == ["step 0", "step 1", "deploy"]
    assert worker.live is not None
    assert worker.live.delivered == 5


@pytest.mark.parametrize("kind", ["otlp", "endpoint"])
def test_nothing_is_sent_when_there_is_no_time(tmp_path: Path, kind: str) -> None:
    """A budget of nothing: no request, everything waits."""
    to = destination(f"{kind} http://127.0.0.1:9/e", kind=kind)
    folder = write_run(tmp_path, 1, to=[to])
    orders = Orders()
    orders.end(until_s=0.0)
    sender = RememberingSender()
    _worker(tmp_path, sender, orders, live=folder, to=to).run()
    assert sender.tried == 0
    assert waits(str(folder))


def test_a_document_is_sent_once_when_the_run_is_over(tmp_path: Path) -> None:
    """One event document for each run, several of them in a request, and none for what was sent
    before."""
    to = destination("endpoint http://127.0.0.1:9/events", kind="endpoint")
    folders = [write_run(tmp_path, 2, to=[to]) for _ in range(3)]
    sender = RememberingSender()
    _worker(tmp_path, sender, _over(), to=to).run()
    _worker(tmp_path, sender, _over(), to=to).run()
    batches = [json.loads(body) for _, body in sender.taken]
    assert [len(batch) for batch in batches] == [2, 1]
    assert len({one["execution_id"] for batch in batches for one in batch}) == 3
    assert not any(waits(str(folder)) for folder in folders)


def test_a_refused_document_costs_no_other_run(tmp_path: Path) -> None:
    """The one at fault becomes a dead letter of its run; the others arrive."""
    to = destination("endpoint http://127.0.0.1:9/events", kind="endpoint")
    folders = [write_run(tmp_path, 1, to=[to]) for _ in range(2)]
    odd = str(UUID(folders[1].name)).encode()
    sender = RememberingSender(lambda _, body: Refused("odd") if odd in body else Delivered())
    _worker(tmp_path, sender, _over(), to=to).run()
    with Database(str(tmp_path)) as database:
        [letter] = dead_letters(database, to.key)
    assert letter.run_id == folders[1].name
    assert len(sender.taken) == 1
    assert not any(waits(str(folder)) for folder in folders)
