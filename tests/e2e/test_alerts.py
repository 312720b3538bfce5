"""The alert rules on real runs: a bad day raises them, a good one none.

Expressions are as they are given away; the times that an alert waits before it is told are left
out, or a bad day would have to last. What compares with a week is tested by `promtool test rules`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psutil
import pytest
import yaml
from tests.e2e.installed import Installed, wait_for
from tests.e2e.prometheus import Prometheus, free_port, job, samples
from tests.e2e.serving import serving
from tests.exporters.servers import OtlpServer

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "chaos_otel" / "emit" / "utils.sh"
RULES = sorted((ROOT / "collector-config" / "rules").glob("*.yml"))
BAD_DAY = {
    "ScriptExecutionTime",
    "ScriptFailed",
    "ScriptFailureRatio",
    "ScriptFailuresInARow",
    "ScriptOverdue",
    "ScriptHangs",
    "TelemetryWaiting",
    "TelemetryPaused",
    "TelemetryRefused",
    "TelemetryDamaged",
    "TelemetryDropped",
}
_ITERATIONS = "prometheus_rule_group_iterations_total{"
EVERY_SECOND = """#!/bin/sh
. "{library}"
telemetry_init every-second
telemetry_record_metric success_max_age_seconds 1
telemetry_flush
"""


@pytest.fixture
def rules(tmp_path: Path) -> list[Path]:
    """The rules, told at once and worked out each second."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for path in RULES:
        document = yaml.safe_load(path.read_text())
        for group in document["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                rule.pop("for", None)
        (folder / path.name).write_text(yaml.safe_dump(document))
    return sorted(folder.iterdir())


@pytest.fixture
def scraped(chaos: Installed) -> Installed:
    """An installation that is told of short scrape intervals."""
    chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "2s"
    return chaos


def _run(chaos: Installed, name: str, script: str, *options: str) -> int:
    words = ("run", "--quiet", "--no-report", "--name", name, *options)
    return chaos.call(*words, "--", "sh", "-c", script).returncode


def _change(chaos: Installed, statement: str) -> None:
    """Let the store believe that something began earlier."""
    with sqlite3.connect(chaos.state / "store.db", timeout=30) as connection:
        connection.execute(statement)


@pytest.mark.slow
def test_a_bad_day_raises_the_alerts(scraped: Installed, tmp_path: Path, rules: list[Path]) -> None:
    """Failures, a run that hangs, one that is overdue, damage, and destinations that are away,
    wrong, or refuse some records: each is told by its alert."""
    with (
        serving(scraped) as served,
        Prometheus(tmp_path, [job("it", served.address)], rules=rules) as there,
        OtlpServer("status:401") as wrong,
        OtlpServer("refuse:poison") as picky,
        OtlpServer("partial:1") as wasteful,
    ):
        there.until(lambda it: it.value('up{job="it"}'))
        hanging = scraped.start("run", "--no-report", "--name", "hangs", "--", "sleep", "600")
        try:
            wait_for(lambda: "script_active{" in served.get("/metrics"))
            _change(
                scraped,
                "UPDATE active_run SET started_wall_ns = started_wall_ns - 15000 * 1000000000",
            )
            for _ in range(6):
                assert _run(scraped, "deploy", "exit 3") == 3
            every_second = scraped.script(EVERY_SECOND.format(library=LIBRARY), "every-second")
            assert scraped.call("run", "--no-report", "--", every_second).returncode == 0
            _run(scraped, "other", 'echo nonsense >>"$CHAOS_OTEL_INBOX"')
            for server in (wrong, picky, wasteful):
                _run(scraped, "other", "echo one; echo poison", "--otlp", server.url)
            _run(scraped, "other", "true", "--otlp", f"http://127.0.0.1:{free_port()}")
            _change(scraped, "UPDATE cursor SET created_wall_ns = created_wall_ns - 7200000000000")
            there.until(lambda it: it.alerts().keys() >= BAD_DAY)
        finally:
            for process in psutil.Process(hanging.pid).children(recursive=True):
                process.terminate()
            hanging.communicate()
        there.until(lambda it: "ScriptHangs" not in it.alerts())


@pytest.mark.slow
def test_a_good_day_raises_none(scraped: Installed, tmp_path: Path, rules: list[Path]) -> None:
    """Runs that succeed, one after a failed one, and a destination that takes everything: once all
    of it is in Prometheus, no alert is there, not even one that waits."""
    with (
        serving(scraped) as served,
        Prometheus(tmp_path, [job("it", served.address)], rules=rules) as there,
        OtlpServer("healthy") as healthy,
    ):
        there.until(lambda it: it.value('up{job="it"}'))
        for _ in range(6):
            assert _run(scraped, "deploy", "echo fine", "--otlp", healthy.url) == 0
        there.until(lambda it: it.value("sum(script_runs_total)") == 6)
        there.until(lambda it: (it.value("sum(chaos_otel_delivered_total)") or 0) > 6)
        seen = _evaluations(there)
        there.until(lambda it: _evaluations(it) >= seen + 3)
        assert there.alerts() == {}


def _evaluations(prometheus: Prometheus) -> float:
    """How often every group of rules was worked out at least."""
    found = samples(prometheus.get("/metrics")).items()
    return min(value for name, value in found if name.startswith(_ITERATIONS))
