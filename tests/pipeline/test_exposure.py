"""The metrics of a run that is under way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from tests.e2e.installed import wait_for
from tests.e2e.prometheus import answered, free_port

from chaos_otel.measures import Increment
from chaos_otel.pipeline.exposure import Exposure
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.plan import Plan
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Of a run that wants nothing of us."""
    return Plan(
        run_id="a" * 32,
        trace_id="b" * 32,
        run_span_id="c" * 16,
        process_span_id="d" * 16,
        nonce="",
        folder=f"{tmp_path}/state/runs/{'a' * 32}",
        inbox="",
        started_wall_ns=time.time_ns(),
        started_mono_ns=time.monotonic_ns(),
        tags={},
        attributes={},
        pace=Pace(scrape_interval_s=0.0),
    )


def _count(state: str, run: str) -> None:
    with Database(state) as database:
        measure = Increment("script.runs", (("script.name", "deploy"),), 1.0)
        count_run(database, run, [measure], now_wall_ns=time.time_ns())


def test_a_run_that_wants_nothing_costs_nothing(plan: Plan) -> None:
    """No thread, no store, no word."""
    exposure = Exposure(plan, plan.state)
    exposure.start()
    assert exposure.finish() == []
    assert not os.path.exists(plan.state)


def test_a_textfile_is_fresh_while_the_run_lasts_and_right_at_its_end(
    plan: Plan, tmp_path: Path
) -> None:
    """It is written again and again, and for the last time when the run has been counted."""
    file = tmp_path / "chaos_otel.prom"
    _count(plan.state, "1" * 32)
    exposure = Exposure(plan._replace(textfile=str(tmp_path)), plan.state)
    exposure.start()
    first = wait_for(lambda: file.exists() and file.stat().st_ino)
    wait_for(lambda: file.stat().st_ino != first)
    assert 'script_runs_total{script_name="deploy"} 1.0' in file.read_text()
    _count(plan.state, "2" * 32)
    assert exposure.finish() == []
    assert 'script_runs_total{script_name="deploy"} 2.0' in file.read_text()


def test_a_port_is_served_until_the_end(plan: Plan) -> None:
    """Then nobody listens any more."""
    port = free_port()
    _count(plan.state, "1" * 32)
    exposure = Exposure(plan._replace(prometheus_port=port), plan.state)
    exposure.start()
    status, text = answered(f"http://127.0.0.1:{port}/metrics")
    assert (status, "script_runs_total" in text) == (200, True)
    assert exposure.finish() == []
    with pytest.raises(OSError, match="refused"):
        answered(f"http://127.0.0.1:{port}/metrics")


def test_a_run_in_memory_says_that_it_has_no_metrics(plan: Plan, tmp_path: Path) -> None:
    """Once, and nothing is written."""
    exposure = Exposure(plan._replace(textfile=str(tmp_path)), "")
    exposure.start()
    (line,) = exposure.finish()
    assert "kept in memory only" in line
    assert not (tmp_path / "chaos_otel.prom").exists()


def test_what_cannot_be_done_is_a_line_each(plan: Plan) -> None:
    """And no exception: the run's outputs come after it."""
    port = free_port()
    _count(plan.state, "1" * 32)
    first = Exposure(plan._replace(prometheus_port=port), plan.state)
    first.start()
    second = Exposure(plan._replace(prometheus_port=port, textfile="/proc/none"), plan.state)
    second.start()
    lines = second.finish()
    first.finish()
    assert [line.partition(" (")[0] for line in lines] == [
        f"cannot serve metrics on 127.0.0.1:{port}",
        "cannot write /proc/none/chaos_otel.prom",
    ]
