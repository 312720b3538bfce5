"""Runs through a real OpenTelemetry Collector with the configuration for each host."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.collector import attributes
from tests.e2e.collector_chain import (
    SCRIPT,
    STEPS,
    Sink,
    agent_of,
    made_span,
    post,
    run_to,
    waiting,
    whole,
)
from tests.e2e.go_builds import may_build
from tests.e2e.installed import Installed, wait_for
from tests.e2e.steps import step

pytestmark = may_build


def test_a_run_comes_out_of_the_agent_complete(
    chaos: Installed, steps: str, sink: Sink, tmp_path: Path
) -> None:
    """Every span once, every line of output with the ids of its step, every metric of the run, all
    with the script's name and host; nothing of ours is masked by the agent's redaction."""
    with agent_of(tmp_path / "agent", sink) as agent:
        assert run_to(chaos, agent.url, steps) == 0
        wait_for(lambda: sink.items("traces") and sink.items("metrics") and sink.items("logs"))
        wait_for(lambda: len(sink.items("traces")) >= STEPS + 2)
        wait_for(lambda: len(sink.items("logs")) >= STEPS)
        wait_for(lambda: sink.value("script.runs") == 1)
    spans = [span for _, span in sink.items("traces")]
    assert sink.names() == whole("deploy.sh")
    assert len({span["spanId"] for span in spans}) == len(spans)
    by_id = {span["spanId"]: span for span in spans}
    for _, record in sink.items("logs"):
        number = record["body"]["stringValue"].removeprefix("out ")
        assert by_id[record["spanId"]]["name"] == f"step {number}"
        assert record["traceId"] == spans[0]["traceId"]
    assert sink.lines() == {f"out {number}" for number in range(1, STEPS + 1)}
    for resource, _ in sink.items("traces") + sink.items("logs"):
        assert resource["service.name"] == "deploy.sh"
    assert "****" not in (sink.folder / "traces.jsonl").read_text()
    metrics = {metric["name"] for _, metric in sink.items("metrics")}
    assert {"script.run.duration", "script.operations", "script.execution.time"} <= metrics


def test_killed_collectors_lose_nothing(chaos: Installed, steps: str, tmp_path: Path) -> None:
    """The gateway is away, the agent is killed with a run in its queue, another run finds nobody at
    all: when both are back, everything comes out."""
    sink = Sink(tmp_path / "sink")
    agent = agent_of(tmp_path / "agent", sink)
    try:
        agent.start()
        assert run_to(chaos, agent.url, steps) == 0
        assert waiting(chaos) == []  # the agent has said that it has it
        agent.kill()
        second = chaos.script(SCRIPT, "later.sh")
        assert run_to(chaos, agent.url, second, wait="0") == 0
        assert len(waiting(chaos)) == 1
        agent.start()
        sink.start()
        chaos.call("outbox", "retry")
        assert chaos.call("deliver").returncode == 0
        wait_for(lambda: sink.names("deploy.sh") == whole("deploy.sh"))
        wait_for(lambda: sink.names("later.sh") == whole("later.sh"))
        wait_for(lambda: sink.steps_with_lines() == 2 * STEPS)
    finally:
        agent.stop()
        sink.stop()


def test_an_agent_killed_while_a_run_streams_loses_nothing(
    chaos: Installed, sink: Sink, tmp_path: Path
) -> None:
    """Half of the steps are with the agent when it is killed; it comes back on the same ports, and
    the run's end finds it."""
    half = STEPS // 2
    parts = [step(number, f"echo out {number}") for number in range(1, STEPS + 1)]
    text = "\n".join(("#!/bin/bash", *parts[:half], "read -r _", *parts[half:], ""))
    chaos.env["TELEMETRY_FLUSH_INTERVAL"] = "0.1"
    agent = agent_of(tmp_path / "agent", sink)
    with agent:
        words = ("run", "--otlp", agent.url, "--export-wait", "60s", "--", chaos.script(text))
        run = chaos.start(*words, stdin=-1)
        wait_for(lambda: sink.names()[f"step {half}"])
        agent.kill()
        agent.start()
        run.communicate(b"\n")
        chaos.call("outbox", "retry")
        chaos.call("deliver")
        wait_for(lambda: sink.names() == whole("deploy.sh"))
        wait_for(lambda: sink.steps_with_lines() == STEPS)


def test_the_agent_masks_what_other_programs_say(sink: Sink, tmp_path: Path) -> None:
    """A token in an attribute, a password in an address and a private key in a log are masked,
    their surroundings stay."""
    token = "ghp_" + "a1B2" * 9
    record = {
        "body": {"stringValue": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nend"}
    }
    with agent_of(tmp_path / "agent", sink) as agent:
        there = "https://me:secret@example.com/"
        said = made_span("1", header=f"token {token}", url=there, plain="x")
        post(agent.url, "traces", [said])
        post(agent.url, "logs", [record])
        wait_for(lambda: sink.items("traces") and sink.items("logs"))
    ((_, span),) = sink.items("traces")
    left = attributes(span)
    assert token not in json.dumps(left) and "me:secret" not in json.dumps(left)
    assert left["url"].endswith("example.com/") and left["plain"] == "x"
    (line,) = sink.lines()
    assert "MIIE" not in line and line.endswith("end")
