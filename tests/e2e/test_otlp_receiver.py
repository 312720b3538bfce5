"""`--otlp-receiver` with real programs that speak OpenTelemetry, on the installed command."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.installed import Installed, wait_for

from chaos_otel.journal.reader import JournalReader
from chaos_otel.recorder import Recorder

CHILD = str(Path(__file__).with_name("otlp_child.py"))
CANARY = "Q7xCanaryOfASpanAttribute0123456789"


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _received(installed: Installed, *what: str, **options: Any) -> tuple[str, str]:
    """Run the child with a receiver; the ids of its two spans."""
    done = installed.call("run", "--otlp-receiver", "--", sys.executable, CHILD, *what, **options)
    assert done.returncode == 0, done.stderr
    outer, inner = done.stdout.decode().split()
    return outer, inner


def _spans(installed: Installed) -> dict[str, Any]:
    """What the recorder makes of the last journal, by name."""
    fd = os.open(installed.journals()[-1], os.O_RDONLY)
    reader, recorder = JournalReader(fd), Recorder()
    found = []
    while entries := reader.read():
        for entry in entries:
            found += recorder.fold(entry.record)
    os.close(fd)
    return {span.name: span for span in found + recorder.finish()}


def _receivers(installed: Installed, module: str = "receive") -> list[int]:
    """The receiving processes of this world, or those of another module."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        ours = f"CHAOS_OTEL_STATE_DIR={installed.state}".encode() in environment.split(b"\0")
        if f"chaos_otel.pipeline.{module}".encode() in words and ours:
            found.append(int(folder.name))
    return found


def test_spans_logs_and_metrics_of_the_sdk_are_in_the_journal(installed: Installed) -> None:
    """Everything that the program sent, before the run's end is written."""
    outer, inner = _received(installed, "traces", "logs", "metrics")
    spans = {one["span_id"]: one for one in installed.records("span")}
    assert {spans[outer]["name"], spans[inner]["name"]} == {"checkout", "charge"}
    assert spans[outer]["attributes"]["http.status_code"] == 200
    assert spans[outer]["events"][0]["attributes"] == {"amount": 12.5}
    (event,) = installed.records("event")
    assert (event["type"], event["message"], event["op"]) == ("warning", "card 4 declined", inner)
    metrics = {one["name"]: one["value"] for one in installed.records("metric")}
    assert metrics == {"orders": 7.0, "queue": 5.0, "took.count": 1.0, "took.sum": 2.5}
    assert installed.records()[-1]["kind"] == "run.ended"


def test_the_recorder_gives_them_below_the_process_and_the_report_does_not(
    installed: Installed,
) -> None:
    """A root has the wrapped process as its parent, a child its own; one trace; no operation."""
    outer, inner = _received(installed, "traces", "failing")
    spans = _spans(installed)
    checkout, charge = spans["checkout"], spans["charge"]
    process = installed.records("process.started")[0]["span_id"]
    trace = installed.records("run.started")[0]["trace_id"]
    assert f"{checkout.parent.span_id:016x}" == process
    assert (f"{charge.parent.span_id:016x}", f"{charge.context.span_id:016x}") == (outer, inner)
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {trace}
    assert checkout.resource.attributes["telemetry.sdk.language"] == "python"
    assert charge.status.description == "declined"
    (entry,) = installed.history()
    assert entry["success"] is True
    assert installed.report()["summary"]["status"] == "success"


def test_a_program_that_reads_traceparent_is_a_child_of_its_step(installed: Installed) -> None:
    """Joined to the run's trace by itself: nothing is moved."""
    program = (
        "import subprocess, sys, chaos_otel\n"
        "with chaos_otel.operation('deploy'):\n"
        "    subprocess.run([sys.executable, *sys.argv[1:]], check=True)\n"
    )
    done = installed.call(
        "run", "--otlp-receiver", "--", sys.executable, "-c", program, CHILD, "joined"
    )
    assert done.returncode == 0, done.stderr
    spans = _spans(installed)
    assert spans["checkout"].parent.span_id == spans["deploy"].context.span_id
    assert "chaos.foreign.trace_id" not in spans["checkout"].attributes


def test_gzip_is_what_the_sdk_may_send(installed: Installed) -> None:
    """By the variable that it reads."""
    installed.env["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip"
    outer, _ = _received(installed, "traces", "metrics")
    assert outer in {one["span_id"] for one in installed.records("span")}
    assert len(installed.records("metric")) == 4


def test_a_secret_in_telemetry_is_never_written(installed: Installed) -> None:
    """Nor is the receiver's token, should a program print it: in no file of the run's world."""
    installed.env["CANARY"] = CANARY
    program = (
        "import os, runpy, sys\n"
        "print(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'].rpartition('/')[2])\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    done = installed.call(
        "run", "--otlp-receiver", "--redact-value-from", "CANARY", "--",
        sys.executable, "-c", program, CHILD, "traces", "logs",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    token = done.stdout.split()[0]
    assert len(bytes.fromhex(token.decode())) == 16
    assert len(installed.records("span")) == 2
    wait_for(lambda: not [one for one in installed.runtime.rglob("*") if one.is_file()])
    for path in installed.cwd.parent.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert CANARY.encode() not in content, path
            assert token not in content, path


def test_an_endpoint_of_the_command_s_own_is_left_alone(installed: Installed) -> None:
    """Not a variable is changed, and one line says so."""
    installed.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector.invalid:4318"
    script = 'echo "$OTEL_EXPORTER_OTLP_ENDPOINT ${OTEL_EXPORTER_OTLP_PROTOCOL-unset}"'
    done = installed.call("run", "-q", "--otlp-receiver", "--", "sh", "-c", script)
    assert done.stdout == b"http://collector.invalid:4318 unset\n"
    assert done.stderr.count(b"\n") == 1
    assert b"OTEL_EXPORTER_OTLP_ENDPOINT" in done.stderr
    assert installed.report()["summary"]["total_operations"] == 1


def test_without_the_flag_there_is_no_receiver(installed: Installed) -> None:
    """No variable and no process; a setting does what the flag does."""
    script = 'echo "${OTEL_EXPORTER_OTLP_ENDPOINT-unset}"'
    assert installed.run("sh", "-c", script).stdout == b"unset\n"
    installed.env["CHAOS_OTEL_OTLP_RECEIVER"] = "yes"
    assert installed.run("sh", "-c", script).stdout.startswith(b"http://127.0.0.1:")
    done = installed.call("run", "--no-inject", "--", "sh", "-c", script)
    assert done.stdout == b"unset\n"
    assert b"no OTLP receiver" in done.stderr


def test_the_token_is_in_no_command_line_and_the_receiver_ends_with_the_run(
    installed: Installed,
) -> None:
    """Anybody may read command lines; nobody serves when the run is over."""
    script = installed.script('#!/bin/sh\necho "$OTEL_EXPORTER_OTLP_ENDPOINT"\nread line\n')
    process = installed.start("run", "-q", "--otlp-receiver", "--", script, stdin=-1)
    assert process.stdout is not None
    token = process.stdout.readline().strip().rpartition(b"/")[2]
    (pid,) = wait_for(lambda: _receivers(installed))
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert token not in path.read_bytes()
        except OSError:
            continue
    process.communicate(b"\n", timeout=60)
    wait_for(lambda: pid not in _receivers(installed))


def test_a_daemon_that_is_left_behind_does_not_keep_the_receiver(installed: Installed) -> None:
    """The run is over when its command is, whoever still holds its output."""
    process = installed.start("run", "--otlp-receiver", "--", "sh", "-c", "sleep 600 & echo $!")
    assert process.stdout is not None
    daemon = int(process.stdout.readline())
    try:
        assert process.wait(60) == 0
        wait_for(lambda: not _receivers(installed))
    finally:
        os.kill(daemon, signal.SIGKILL)
    process.communicate(timeout=60)


def test_the_receiver_ends_when_capture_and_deliver_are_killed(installed: Installed) -> None:
    """The command goes on: what it sends is refused at once, and costs it nothing else."""
    program = (
        "import os, sys, urllib.request, urllib.error\n"
        "open('ready', 'w').close(); sys.stdin.readline()\n"
        "request = urllib.request.Request(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'], b'x')\n"
        "try: urllib.request.urlopen(request, timeout=60)\n"
        "except urllib.error.URLError as error:\n"
        "    open('refused', 'w').write(repr(error.reason))\n"
    )
    words = ("--", sys.executable, "-c", program)
    process = installed.start("run", "--otlp-receiver", *words, stdin=-1, stdout=None)
    assert process.stdin is not None
    wait_for(lambda: _receivers(installed))
    wait_for((installed.cwd / "ready").exists)
    (deliver,) = _receivers(installed, "deliver")
    process.kill()
    os.kill(deliver, signal.SIGKILL)
    wait_for(lambda: not _receivers(installed))
    process.stdin.write(b"\n")
    process.stdin.close()
    refused = installed.cwd / "refused"
    assert "ConnectionRefused" in wait_for(lambda: refused.exists() and refused.read_text())


def test_the_receiver_outlives_capture(installed: Installed) -> None:
    """Kill -9 of capture: what the command sends still arrives, and its end is the receiver's."""
    script = installed.script(
        f"#!/bin/sh\necho ready\nread line\n{sys.executable} {CHILD} traces\n"
    )
    process = installed.start("run", "--otlp-receiver", "--", script, stdin=-1)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"ready\n"
    wait_for(lambda: _receivers(installed))
    process.kill()
    process.stdin.write(b"\n")
    process.stdin.close()
    wait_for(lambda: installed.journals() and installed.records("run.ended"))
    assert len(installed.records("span")) == 2
    wait_for(lambda: not _receivers(installed))
