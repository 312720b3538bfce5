"""Forwarding, on the installed command: what a destination gets, and what the command notices."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, is_free, wait_for
from tests.e2e.recorded import Received, Reply, recording
from tests.e2e.steps import step

STEPS = "\n".join(
    ("#!/bin/bash", *(step(number, f"echo doing {number}") for number in (1, 2, 3)), "")
)


def _waiting(chaos: Installed) -> list[Path]:
    """The runs that still wait for a destination."""
    return sorted(chaos.state.glob("runs/*/forward.json"))


def _try_at_once(chaos: Installed) -> None:
    """Forget what a dead destination asked for, once nobody can note it any more."""
    wait_for(lambda: not _processes(chaos, "pipeline.forward"))
    wait_for(lambda: _all_free(chaos))
    chaos.call("outbox", "retry")


def _all_free(chaos: Installed) -> bool:
    return all(is_free(folder) for folder in chaos.state.glob("runs/*"))


def test_a_run_arrives_once_and_nothing_waits_afterwards(chaos: Installed) -> None:
    """Spans, logs and metrics of a run come to the collector that its flag names, each span once;
    the command's status and output are as without us."""
    script = chaos.script(STEPS + "exit 3\n")
    with recording() as there:
        done = chaos.call("run", "--otlp", there.url, "--export-wait", "60s", "--", script)
        wait_for(lambda: not _waiting(chaos))
    assert done.returncode == 3
    assert done.stdout == b"doing 1\ndoing 2\ndoing 3\n"
    names = there.span_names()
    assert names == ["deploy.sh", "deploy.sh", "step 1", "step 2", "step 3"]
    assert set(there.span_ids().values()) == {1}
    assert "doing 2" in {record.body.string_value.strip() for record in there.logs()}
    assert "script.runs" in {metric.name for metric in there.metrics()}
    assert b"delivered" in done.stderr


def test_no_connection_is_made_without_consent(chaos: Installed) -> None:
    """An endpoint in the environment is no consent: nothing is sent, nothing waits."""
    with recording() as there:
        chaos.env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": there.url, "TELEMETRY_ENDPOINT": there.url}
        assert chaos.run("true").returncode == 0
        wait_for(lambda: _all_free(chaos))
    assert there.requests == []
    assert _waiting(chaos) == []


def test_a_dead_destination_keeps_the_run_and_the_next_run_delivers_it(chaos: Installed) -> None:
    """Nobody listens: the command ends as ever and its run waits; once somebody does, the next
    run to the same destination sends both."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    script = chaos.script(STEPS)
    done = chaos.call("run", "--otlp", url, "--", script)
    assert done.returncode == 0
    assert b"waiting" in done.stderr
    assert len(_waiting(chaos)) == 1
    with recording(port=port) as there:
        _try_at_once(chaos)
        chaos.call("run", "--otlp", url, "--export-wait", "60s", "--", "sleep", "1")
        wait_for(lambda: not _waiting(chaos))
    assert there.span_names().count("step 1") == 1
    assert set(there.span_ids().values()) == {1}
    assert {"sleep", "deploy.sh"} <= {span.name for span in there.spans()}


def test_deliver_sends_what_waits(chaos: Installed) -> None:
    """`chaos-otel deliver` sends what a dead destination left waiting, once, and says 0; while the
    destination is dead it says 1."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    chaos.call("run", "--otlp", url, "--", chaos.script(STEPS))
    assert chaos.call("deliver").returncode == 1
    assert len(_waiting(chaos)) == 1
    with recording(port=port) as there:
        _try_at_once(chaos)
        done = chaos.call("deliver", "--json")
    assert done.returncode == 0, done.stderr
    assert _waiting(chaos) == []
    assert set(there.span_ids().values()) == {1}
    [line] = json.loads(done.stdout)["destinations"]
    assert line["waiting"] == 0
    assert line["delivered"] >= len(there.span_ids())


def test_deliver_says_who_waits_and_who_does_not(chaos: Installed) -> None:
    """Of a run that one destination has got and another has not, the first waits for nothing."""
    dead = f"http://127.0.0.1:{_free_port()}"
    with recording() as there:
        chaos.call("run", "--otlp", there.url, "--otlp", dead, "--export-wait", "0", "--", "true")
        wait_for(lambda: _all_free(chaos))
        done = chaos.call("deliver", "--json")
    assert done.returncode == 1
    waiting = {
        one["destination"]: one["waiting"] for one in json.loads(done.stdout)["destinations"]
    }
    assert waiting == {f"otlp {there.url}": 0, f"otlp {dead}": 1}


def test_spans_come_while_the_command_runs(chaos: Installed) -> None:
    """What is complete is sent after the flush interval, not at the end."""
    chaos.env["TELEMETRY_FLUSH_INTERVAL"] = "0.2"
    script = chaos.script(STEPS + "read -r _\n")
    with recording() as there:
        run = chaos.start("run", "--otlp", there.url, "--", script, stdin=-1)
        wait_for(lambda: "step 2" in {span.name for span in there.spans()})
        assert run.poll() is None
        run.communicate(b"\n")
        wait_for(lambda: not _waiting(chaos))
    assert set(there.span_ids().values()) == {1}


@pytest.mark.parametrize("victims", ["forward", "deliver", "deliver forward", "capture", "all"])
def test_whoever_is_killed_nothing_is_lost(chaos: Installed, victims: str) -> None:
    """kill -9 in the middle of streaming: deliver completes the run, each span byte-identical if it
    comes twice."""
    chaos.env["TELEMETRY_FLUSH_INTERVAL"] = "0.1"
    script = chaos.script(STEPS + "read -r _\n")
    with recording() as there:
        run = chaos.start("run", "--otlp", there.url, "--", script, stdin=-1)
        wait_for(lambda: there.spans())
        for name in ("forward", "deliver", "capture"):
            if name in victims or victims == "all":
                _kill(chaos, run, name)
        run.communicate(b"\n")
        wait_for(lambda: _all_free(chaos))
        wait_for(lambda: _delivered_or_dead(chaos))
        chaos.call("recover")
        wait_for(lambda: chaos.call("deliver").returncode == 0)
        wait_for(lambda: not _waiting(chaos))
    by_id: dict[bytes, set[bytes]] = {}
    for span in there.spans():
        by_id.setdefault(span.span_id, set()).add(span.SerializeToString(deterministic=True))
    assert len(by_id) == 5
    assert all(len(copies) == 1 for copies in by_id.values())


def test_a_destination_that_refuses_us_is_paused_and_keeps_the_run(chaos: Installed) -> None:
    """401: said, kept, not tried again by the next run."""

    def unauthorised(_: Received) -> Reply:
        return 401, {}, b""

    with recording(unauthorised) as there:
        done = chaos.call("run", "--otlp", there.url, "--export-wait", "60s", "--", "true")
        tried = len(there.requests)
        assert b"paused" in done.stderr
        assert tried >= 1
        chaos.call("run", "--otlp", there.url, "--export-wait", "60s", "--", "true")
        wait_for(lambda: _all_free(chaos))
        assert len(there.requests) == tried
    assert len(_waiting(chaos)) == 2


def test_one_bad_record_costs_no_other(chaos: Installed) -> None:
    """400 for whatever holds one span: that span becomes a dead letter, all others arrive."""

    def picky(request: Received) -> Reply:
        return (400, {}, b"bad name") if b"step 2" in request.body else (200, {}, b"")

    with recording(picky) as there:
        chaos.call("run", "--otlp", there.url, "--export-wait", "60s", "--", chaos.script(STEPS))
        wait_for(lambda: not _waiting(chaos))
    names = there.span_names()
    assert names == ["deploy.sh", "deploy.sh", "step 1", "step 3"]
    assert set(there.span_ids().values()) == {1}


def test_what_a_paused_destination_waits_for_is_told_once(chaos: Installed) -> None:
    """The pause is news for one run; a quiet one tells it too, and the next one does not."""
    with recording(lambda _: (401, {}, b"")) as there:
        words = ("run", "-q", "--otlp", there.url, "--export-wait", "60s", "--", "true")
        first, second = chaos.call(*words), chaos.call(*words)
    assert b"paused" in first.stderr
    assert second.stderr == b""


def test_a_script_without_the_wrapper_is_forwarded(chaos: Installed) -> None:
    """`telemetry_init` in a plain script: with consent its run goes to the destination too."""
    beside = os.path.dirname(chaos.command)
    chaos.env["PATH"] = f"{beside}:{chaos.env['PATH']}"
    script = chaos.script(
        '#!/bin/bash\n. "$(chaos-otel shell-lib)"\ntelemetry_init plain v1\n'
        "telemetry_step greet -- echo hello\ntelemetry_flush\n"
    )
    with recording() as there:
        chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = there.url
        assert chaos.call("consent", "grant", there.url).returncode == 0
        chaos.bare(script)
        wait_for(lambda: there.span_names() == ["greet", "plain"])
        wait_for(lambda: not _waiting(chaos) or chaos.call("deliver").returncode == 0)
    assert set(there.span_ids().values()) == {1}


def test_an_imported_run_is_forwarded(chaos: Installed) -> None:
    """`chaos-otel import` sends what it makes, if somebody has consented."""
    chaos.run("true")
    report = chaos.cwd / "chaos_report.json"
    with recording() as there:
        chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = there.url
        chaos.call("consent", "grant", there.url)
        assert chaos.call("import", str(report)).returncode == 0
        assert _waiting(chaos) == [] or chaos.call("deliver").returncode == 0
    assert "chaos_report" in there.span_names()


def test_a_run_without_destinations_delivers_what_waited(chaos: Installed) -> None:
    """The next run sends it, whatever that run is itself consented to."""
    port = _free_port()
    chaos.call("run", "--otlp", f"http://127.0.0.1:{port}", "--", "true")
    _try_at_once(chaos)
    with recording(port=port) as there:
        chaos.call("run", "--export-wait", "60s", "--", "sleep", "2")
        wait_for(lambda: not _waiting(chaos))
    assert there.span_names() == ["true", "true"]


def test_events_go_to_a_telemetry_endpoint(chaos: Installed) -> None:
    """TELEMETRY_ENDPOINT with its key: one document for each run, with the bearer token."""
    with recording() as there:
        chaos.env |= {"TELEMETRY_ENDPOINT": f"{there.url}/events", "TELEMETRY_API_KEY": "s3cret"}
        chaos.call("consent", "grant", f"{there.url}/events")
        chaos.run("true")
        wait_for(lambda: not _waiting(chaos) or chaos.call("deliver").returncode == 0)
    [document] = there.documents()
    assert document["script_name"] == "true"
    headers = {name.lower(): value for name, value in there.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("setting", ["CHAOS_OTEL_OUTBOX_AGE", "CHAOS_OTEL_OUTBOX_SIZE"])
def test_what_waits_too_long_or_is_too_much_is_given_up_and_counted(
    chaos: Installed, setting: str
) -> None:
    """The next delivery lets go of it, says so, and the counter has it."""
    url = f"http://127.0.0.1:{_free_port()}"
    chaos.call("run", "--otlp", url, "--", "true")
    wait_for(lambda: _all_free(chaos))
    chaos.env[setting] = "1"
    time.sleep(1.1)
    done = chaos.call("deliver")
    assert b"given up" in done.stderr
    assert _waiting(chaos) == []
    chaos.call("textfile", str(chaos.cwd))
    [file] = chaos.cwd.glob("*.prom")
    assert "chaos_otel_dropped_total" in file.read_text()


def test_a_dead_destination_holds_no_other_up(chaos: Installed) -> None:
    """Several at once have one budget together: a healthy one has everything, while one is silent
    and one refuses; only they wait."""
    script = chaos.script(STEPS)
    with recording() as there, _black_hole() as silent:
        dead = f"http://127.0.0.1:{_free_port()}"
        flags = [word for url in (silent, dead, there.url) for word in ("--otlp", url)]
        done = chaos.call("run", *flags, "--export-wait", "20s", "--", script)
        assert done.returncode == 0
        assert there.span_names() == ["deploy.sh", "deploy.sh", "step 1", "step 2", "step 3"]
    assert len(_waiting(chaos)) == 1
    assert done.stderr.count(b"this run is waiting") == 2


def test_export_wait_0_waits_for_nothing(chaos: Installed) -> None:
    """With a budget of nothing a destination that never answers costs the end nothing, and the
    status is the command's."""
    with _black_hole() as url:
        begun_s = time.monotonic()
        done = chaos.call("run", "--otlp", url, "--export-wait", "0", "--", "sh", "-c", "exit 7")
        took_s = time.monotonic() - begun_s
        waited = chaos.call("run", "--otlp", url, "--export-wait", "30s", "--", "true")
    assert done.returncode == 7
    assert waited.returncode == 0
    assert took_s < 25
    assert len(_waiting(chaos)) == 2


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kill(chaos: Installed, run: subprocess.Popen[bytes], name: str) -> None:
    pids = [run.pid] if name == "capture" else _processes(chaos, f"pipeline.{name}")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _delivered_or_dead(chaos: Installed) -> bool:
    return not _processes(chaos, "pipeline.deliver")


def _processes(chaos: Installed, module: str) -> list[int]:
    """The processes of ours that work in this test's world."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if module.encode() in words and str(chaos.runtime).encode() in words:
                found.append(int(entry.name))
    return found


@contextmanager
def _black_hole() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
