"""Runs as a real Prometheus sees them: by a service, node_exporter's textfiles, a Pushgateway.

Prometheus looks each second here, so a new series is held at 0 for some seconds, not for a minute.
"""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import psutil
import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.prometheus import (
    Prometheus,
    answered,
    free_port,
    job,
    node_exporter,
    program,
    pushgateway,
    samples,
)
from tests.e2e.serving import serving

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "collector-config" / "rules" / "script-telemetry.yml"
RATE = 'rate(script_failures_total{script_name="deploy"}[1m])'
LABELS = '{deployment_environment_name="unknown",error_type="exit_3",script_name="deploy"}'
FAILURES = f"script_failures_total{LABELS}"
FAIL = ("run", "--quiet", "--no-report", "--name", "deploy", "--", "sh", "-c", "exit 3")
HOLD_S = 10  # twice the scrape interval that we are told


@pytest.fixture
def scraped(chaos: Installed) -> Installed:
    """An installation that is told of short scrape intervals."""
    chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = f"{HOLD_S / 2:g}s"
    return chaos


def _seen(prometheus: Prometheus, values: set[float]) -> bool:
    """Whether each of these was scraped."""
    return values <= {value for _, value in prometheus.samples('script_failures_total{job="it"}')}


def test_the_first_failure_of_a_script_has_a_rate(scraped: Installed, tmp_path: Path) -> None:
    """The series shows 0 before it shows 1: without that, rate() would be 0 for ever."""
    with serving(scraped) as served, Prometheus(tmp_path, [job("it", served.address)]) as there:
        there.until(lambda it: it.value('up{job="it"}'))
        assert scraped.call(*FAIL).returncode == 3
        there.until(lambda it: _seen(it, {0.0, 1.0}))
        rate = there.until(lambda it: it.value(RATE))
    assert rate > 0


def test_without_the_hold_there_is_no_rate(scraped: Installed, tmp_path: Path) -> None:
    """What the test above would see if nothing were held: the reason for all of this."""
    scraped.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "0"
    with serving(scraped) as served, Prometheus(tmp_path, [job("it", served.address)]) as there:
        there.until(lambda it: it.value('up{job="it"}'))
        scraped.call(*FAIL)
        there.until(lambda it: len(it.samples('script_failures_total{job="it"}')) > 3)
        assert there.value(RATE) == 0


def test_a_textfile_settles_without_another_command(scraped: Installed, tmp_path: Path) -> None:
    """`run --textfile` under a real node_exporter: 0 at first, 1 after the hold, and a rate."""
    folder = tmp_path / "textfiles"
    folder.mkdir()
    with (
        node_exporter(tmp_path / "node", folder) as node,
        Prometheus(tmp_path / "prometheus", [job("it", node.address)]) as there,
    ):
        there.until(lambda it: it.value('up{job="it"}'))
        scraped.call(FAIL[0], "--textfile", str(folder), *FAIL[1:])
        assert samples((folder / "chaos_otel.prom").read_text())[FAILURES] == 0
        there.until(lambda it: _seen(it, {0.0, 1.0}))
        assert there.until(lambda it: it.value(RATE)) > 0
        assert there.value("node_textfile_scrape_error") == 0
        found = there.value('script_execution_time_seconds{script_name="deploy"}')
        assert found is not None and found > 0


def test_runs_that_end_together_are_all_in_the_file(scraped: Installed, tmp_path: Path) -> None:
    """Whoever writes last has read last, so none is missing from it."""
    scraped.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "0"
    words = ("run", "--quiet", "--no-report", "--textfile", str(tmp_path), "--name", "deploy")
    runs = [scraped.start(*words, "--", "sh", "-c", "exit 3") for _ in range(20)]
    assert {run.wait(240) for run in runs} == {3}
    for run in runs:
        run.communicate()

    def value() -> float:
        return samples((tmp_path / "chaos_otel.prom").read_text())[FAILURES]

    wait_for(lambda: value() == 20)
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_promtool_finds_nothing_in_a_textfile(scraped: Installed, tmp_path: Path) -> None:
    """Nor does node_exporter: no timestamps, readable by all."""
    scraped.call(*FAIL)
    assert scraped.call("textfile", str(tmp_path)).returncode == 0
    path = tmp_path / "chaos_otel.prom"
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=path.read_text(),
        text=True,
        capture_output=True,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_push_settles_without_another_command(scraped: Installed, tmp_path: Path) -> None:
    """`push` to a real Pushgateway: a group of this host, which replaces itself."""
    with pushgateway(tmp_path) as gateway:
        scraped.call(*FAIL)
        done = scraped.call("push", gateway.url)
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode().startswith(f"{gateway.url}/metrics/job/chaos-otel/instance/")

        def shown() -> list[float]:
            text = gateway.get("/metrics")
            return [v for name, v in samples(text).items() if "script_failures_total" in name]

        assert shown() == [0.0]
        wait_for(lambda: shown() == [1.0])


def test_nothing_is_pushed_without_consent(scraped: Installed, tmp_path: Path) -> None:
    """A setting is none; a grant is, until it is revoked; an opt-out beats both."""
    scraped.call(*FAIL)
    with pushgateway(tmp_path) as gateway:

        def pushed() -> bool:
            scraped.call("push")
            return "script_runs_total" in gateway.get("/metrics")

        scraped.env["CHAOS_OTEL_PUSHGATEWAY"] = gateway.url
        refused = scraped.call("push")
        assert refused.returncode == 1
        assert b"consent grant pushgateway" in refused.stderr
        assert not pushed()
        assert scraped.call("consent", "grant", "pushgateway", gateway.url).returncode == 0
        scraped.env["DO_NOT_TRACK"] = "1"
        assert not pushed()
        del scraped.env["DO_NOT_TRACK"]
        assert pushed()
        group = scraped.call("push").stdout.decode().strip()
        assert scraped.call("consent", "revoke", "pushgateway", gateway.url).returncode == 0
        assert answered(group, method="DELETE")[0] == 202
        assert not pushed()


def test_a_port_for_the_time_of_a_run(scraped: Installed, tmp_path: Path) -> None:
    """`run --prometheus-port` is there while the command is, and not a moment longer."""
    port = free_port()
    release = scraped.cwd / "release"
    wait = f"until [ -e {release} ]; do sleep 0.1; done"
    running = scraped.start(
        *("run", "--name", "long", "--prometheus-port", str(port), "--", "sh", "-c", wait)
    )
    try:
        with Prometheus(tmp_path, [job("it", f"127.0.0.1:{port}")]) as there:
            age = there.until(lambda it: it.value("script_execution_time_seconds"))
            there.until(lambda it: (it.value("script_execution_time_seconds") or 0) > age)
            assert there.value("script_active") == 1
            release.touch()
            assert running.wait(60) == 0
            there.until(lambda it: it.value('up{job="it"}') == 0)
    finally:
        release.touch()
        running.communicate()


def test_a_port_that_is_taken_costs_the_run_a_line(scraped: Installed, tmp_path: Path) -> None:
    """And nothing else."""
    with serving(scraped) as served:
        port = served.address.rpartition(":")[2]
        done = scraped.call("run", "--prometheus-port", port, "--", "sh", "-c", "echo out; exit 3")
    assert (done.returncode, done.stdout) == (3, b"out\n")
    said = f"cannot serve metrics on 127.0.0.1:{port} (address already in use)"
    assert done.stderr.decode().count(said) == 1


def test_a_folder_that_cannot_be_written_costs_the_run_a_line(scraped: Installed) -> None:
    """And nothing else."""
    done = scraped.call("run", "--textfile", "/proc/none", "--", "sh", "-c", "echo out; exit 3")
    assert (done.returncode, done.stdout) == (3, b"out\n")
    said = "cannot write /proc/none/chaos_otel.prom (no such file or directory)"
    assert done.stderr.decode().count(said) == 1


@pytest.mark.slow
def test_the_two_rules_work_as_they_are(scraped: Installed, tmp_path: Path) -> None:
    """More than 30 failures in 5 minutes, and a run of more than 5 minutes, each raise their alert;
    before that both are silent."""
    with (
        serving(scraped) as served,
        Prometheus(tmp_path, [job("it", served.address)], rules=[RULES]) as there,
    ):
        there.until(lambda it: it.value('up{job="it"}'))
        assert there.alerts() == {}
        running = scraped.start("run", "--name", "long", "--no-report", "--", "sleep", "600")
        try:
            wait_for(lambda: samples(served.get("/metrics")).get(_active("long")) == 1)
            _begun_earlier(scraped, seconds=400)
            there.until(lambda it: "ScriptExecutionTime" in it.alerts())
            for _ in range(35):
                scraped.call(*FAIL)
            there.until(lambda it: "ScriptFailureRate" in it.alerts())
            there.until(lambda it: it.alerts()["ScriptExecutionTime"] == "firing")
        finally:
            for process in psutil.Process(running.pid).children(recursive=True):
                process.terminate()
            running.communicate()
        there.until(lambda it: "ScriptExecutionTime" not in it.alerts())


def _active(script: str) -> str:
    return f'script_active{{deployment_environment_name="unknown",script_name="{script}"}}'


def _begun_earlier(chaos: Installed, *, seconds: int) -> None:
    """The run that is under way began earlier, as far as the store knows."""
    with sqlite3.connect(chaos.state / "store.db") as connection:
        by_ns = seconds * 10**9
        connection.execute("UPDATE active_run SET started_wall_ns = started_wall_ns - ?", (by_ns,))
