"""Forwarding of much at once: a hundred thousand spans, two hundred runs, memory stays flat."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.recorded import Recorded, recording
from tests.pipeline.forward_runs import write_run

from chaos_otel.config.destination import Destination

RUNS = 200


def _to(there: Recorded) -> Destination:
    urls = {signal: f"{there.url}/v1/{signal}" for signal in ("traces", "logs")}
    return Destination(f"otlp {there.url}", "otlp", urls, means="flag")  # type: ignore[arg-type]


def _peak_kilobytes(chaos: Installed) -> int:
    """What `chaos-otel deliver` took of memory at most, by the kernel's account."""
    deliver = chaos.start("deliver", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(deliver.pid, 0)
    deliver.returncode = os.waitstatus_to_exitcode(status)
    assert deliver.returncode == 0
    return usage.ru_maxrss


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_spans_arrive(chaos: Installed) -> None:
    """Each once, and nothing waits afterwards."""
    with recording() as there:
        write_run(chaos.state, 100_000, to=[_to(there)])
        assert chaos.call("deliver").returncode == 0
        ids = there.span_ids()
    assert len(ids) == 100_001
    assert set(ids.values()) == {1}
    assert len(there.logs()) == 100_000
    assert list(chaos.state.glob("runs/*/forward.json")) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_does_not_grow_with_what_waits(chaos: Installed) -> None:
    """Ten times the records take no more than a quarter more memory."""
    with recording() as there:
        write_run(chaos.state, 5_000, to=[_to(there)])
        few = _peak_kilobytes(chaos)
        write_run(chaos.state, 50_000, to=[_to(there)])
        many = _peak_kilobytes(chaos)
    assert many < few * 1.25


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_runs_at_once_are_counted_and_arrive(chaos: Installed) -> None:
    """Their statuses are their own, the counters sum exactly, and once there is time every span is
    there, those that came twice the same byte for byte."""
    with recording() as there:
        runs = [_start(chaos, number, there.url) for number in range(RUNS)]
        ended = [(run.communicate(timeout=900), run.returncode) for run in runs]
        assert [status for _, status in ended] == [number % 3 for number in range(RUNS)]
        wait_for(lambda: len(list(chaos.state.glob("runs/*/delivered"))) == RUNS, seconds=600)
        wait_for(lambda: _delivers(chaos), seconds=600)
    copies: dict[bytes, set[bytes]] = {}
    for span in there.spans():
        copies.setdefault(span.span_id, set()).add(span.SerializeToString(deterministic=True))
    assert len(copies) == 2 * RUNS
    assert all(len(same) == 1 for same in copies.values())
    assert _counted(chaos) == {"success": 67, "failure": 133}


def _start(chaos: Installed, number: int, url: str) -> subprocess.Popen[bytes]:
    words = ("--report", f"{number}.json", "--name", "many", "--otlp", url)
    return chaos.start("run", "-q", *words, "--", "sh", "-c", f"exit {number % 3}")


def _delivers(chaos: Installed) -> bool:
    chaos.call("outbox", "retry")
    told = json.loads(chaos.call("deliver", "--json").stdout)
    return not list(chaos.state.glob("runs/*/forward.json")) and told["destinations"] == []


def _counted(chaos: Installed) -> dict[str, int]:
    folder = chaos.cwd / "metrics"
    folder.mkdir()
    chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "0"  # new series show what they are at once
    chaos.call("textfile", str(folder))
    [file] = Path(folder).glob("*.prom")
    found: dict[str, int] = {}
    for line in file.read_text().splitlines():
        if line.startswith("script_runs_total{"):
            result = line.partition('result="')[2].partition('"')[0]
            found[result] = found.get(result, 0) + int(float(line.rpartition(" ")[2]))
    return found
