"""`chaos-otel serve`, the installed one: what a scraper gets, and how it ends."""

from __future__ import annotations

import gzip
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.prometheus import answered, program, samples
from tests.e2e.recorded import ACCEPTED, Received, Reply, recording
from tests.e2e.serving import serving

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def ran(chaos: Installed) -> Installed:
    """One good run and one that failed; new series are held at 0 for no time at all."""
    chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "0"
    chaos.call("run", "--name", "deploy", "--environment", "prod", "--", "true")
    chaos.call("run", "--name", "deploy", "--environment", "prod", "--", "sh", "-c", "exit 3")
    return chaos


def test_what_ran_is_what_is_served(ran: Installed) -> None:
    """Counters, gauges and histograms of runs that are over, after processes that are gone."""
    with serving(ran) as served:
        found = samples(served.get("/metrics"))
    labels = 'deployment_environment_name="prod",{}script_name="deploy"'
    failed = labels.format('error_type="exit_3",')
    deploy = labels.format("")
    assert found[f"script_failures_total{{{failed}}}"] == 1
    assert found[f"script_run_duration_seconds_count{{{deploy}}}"] == 2
    assert found[f"script_active{{{deploy}}}"] == 0
    assert 0 < found[f"script_execution_time_seconds{{{deploy}}}"] < 60


def test_promtool_finds_nothing_in_what_is_served(ran: Installed) -> None:
    """The real `promtool check metrics`."""
    with serving(ran) as served:
        text = served.get("/metrics")
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, text=True, capture_output=True
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_open_metrics_and_gzip_for_who_takes_them(ran: Installed) -> None:
    """As a Prometheus asks."""
    with serving(ran) as served:
        request = urllib.request.Request(
            f"{served.url}/metrics", headers={"Accept": OPEN_METRICS, "Accept-Encoding": "gzip"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.headers["Content-Type"].startswith("application/openmetrics-text")
            assert gzip.decompress(response.read()).endswith(b"# EOF\n")


def test_it_can_only_be_read(ran: Installed) -> None:
    """GET and HEAD; nothing that changes anything, nothing but the three pages."""
    with serving(ran) as served:
        assert answered(f"{served.url}/metrics", method="HEAD") == (200, "")
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            for path in ("/metrics", "/healthz", "/readyz"):
                assert answered(f"{served.url}{path}", method=method)[0] == 405
        assert answered(f"{served.url}/")[0] == 404
        assert answered(f"{served.url}/metrics/../../etc/passwd")[0] == 404


def test_an_installation_without_a_run_is_ready(chaos: Installed) -> None:
    """It is started before the first run, by systemd for one."""
    with serving(chaos, ready="/readyz") as served:
        assert served.get("/metrics") == ""
        assert served.get("/healthz") == "ok\n"


def test_a_damaged_store_is_said_and_comes_back(ran: Installed) -> None:
    """/readyz and /metrics 503 with the reason, /healthz 200; without a restart all is well when
    the store is."""
    store = ran.state / "store.db"
    with serving(ran, "--no-deliver") as served:
        assert answered(f"{served.url}/readyz")[0] == 200
        with sqlite3.connect(store) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = store.read_bytes()
        aside = ran.state / "aside"
        store.rename(aside)
        store.write_bytes(b"this is no database " * 500)
        for path in ("/readyz", "/metrics"):
            status, words = answered(f"{served.url}{path}")
            assert status == 503
            assert "chaos-otel reset" in words
        assert answered(f"{served.url}/healthz") == (200, "ok\n")
        store.unlink()
        store.write_bytes(whole)
        store.chmod(0o600)
        assert "script_runs_total" in served.get("/metrics")


def test_many_scrapes_at_once_are_all_answered(ran: Installed) -> None:
    """Each whole and the same, while runs end beside them."""
    with serving(ran, "--no-deliver") as served, ThreadPoolExecutor(32) as pool:
        running = ran.start("run", "--name", "deploy", "--", "true")
        texts = list(pool.map(lambda _: served.get("/metrics"), range(200)))
        running.communicate()
    assert all(text.startswith("# HELP") and text.endswith("\n") for text in texts)
    assert {"script_runs_total" in text for text in texts} == {True}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked_to(chaos: Installed, number: signal.Signals) -> None:
    """With status 0 and no traceback, and its port is free again."""
    with serving(chaos) as served:
        served.process.send_signal(number)
        assert served.process.wait(60) == 0
        assert "Traceback" not in served.log.read_text()
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", int(served.address.rpartition(":")[2])))


def test_a_port_that_is_taken_is_one_line(chaos: Installed) -> None:
    """With the remedy; status 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        done = chaos.call("serve", "--listen", place)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"chaos-otel: cannot listen on {place} (address already in use); name another one\n"
    )


def test_without_its_libraries_it_says_how_to_get_them(chaos: Installed) -> None:
    """`server` is an extra: all else works without."""
    chaos.script("raise ImportError('no', name='uvicorn')", "uvicorn.py")
    chaos.env["PYTHONPATH"] = str(chaos.cwd)
    code = "import sys; sys.argv = ['chaos-otel', 'serve']; from chaos_otel.cli import main; main()"
    done = chaos.bare(sys.executable, "-c", code)
    assert done.returncode == 1
    assert b"pip install 'chaos-otel[server]'" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_run_under_way_has_its_age(chaos: Installed) -> None:
    """The gauge grows while the run lasts; when all that is ours was killed with it, the run is no
    longer under way."""
    running = chaos.start("run", "--name", "long", "--no-report", "--", "sleep", "600")
    labels = 'deployment_environment_name="unknown",script_name="long"'
    active, age = (f"script_{name}{{{labels}}}" for name in ("active", "execution_time_seconds"))
    with serving(chaos, "--no-deliver") as served:
        try:
            wait_for(lambda: samples(served.get("/metrics")).get(active) == 1)
            first, second = (samples(served.get("/metrics"))[age] for _ in range(2))
            assert 0 < first < second
        finally:
            for process in psutil.Process(running.pid).children(recursive=True):
                process.kill()
            running.kill()
            running.communicate()
        wait_for(lambda: samples(served.get("/metrics")).get(active, 0) == 0)


def test_what_waits_is_delivered_beside_it(chaos: Installed) -> None:
    """What a run could not send arrives when the destination is back, and what is wrong is said
    once, however often it is tried."""
    chaos.env["CHAOS_OTEL_FLUSH_INTERVAL"] = "1s"
    up = [False]

    def reply(request: Received) -> Reply:
        # 0: the next try may be made at once
        return ACCEPTED if up[0] else (503, {"Retry-After": "0"}, b"")

    with recording() as there:
        there.reply = reply
        chaos.call("run", "--otlp", there.url, "--export-wait", "0", "--", "true")
        assert list(chaos.state.glob("runs/*/forward.json"))
        with serving(chaos) as served:
            wait_for(lambda: len(there.requests) > 3)
            up[0] = True
            wait_for(lambda: not list(chaos.state.glob("runs/*/forward.json")))
            log = served.log.read_text()
        assert there.span_names()
        assert set(there.span_ids().values()) == {1}
    assert log.count(there.url) <= 1, log
