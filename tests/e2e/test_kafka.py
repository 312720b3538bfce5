"""Runs through Kafka, with the configuration for between agents and gateways."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.collector import Collector
from tests.e2e.collector_chain import CONFIG, STEPS, Sink, agent_of, run_to, whole
from tests.e2e.go_builds import kafka, may_build
from tests.e2e.installed import Installed, wait_for

pytestmark = may_build


@pytest.fixture
def broker() -> Iterator[str]:
    """Where a broker listens, which has no topics yet."""
    process = subprocess.Popen([kafka()], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate()


def _between(folder: Path, broker: str, sink: Sink) -> Collector:
    places = {
        "KAFKA_BROKERS": broker,
        "KAFKA_INSECURE": "true",
        "GATEWAY_ENDPOINT": f"127.0.0.1:{sink.grpc}",
        "GATEWAY_INSECURE": "true",
    }
    return Collector(folder, [CONFIG / "kafka.yaml"], places)


def test_a_run_goes_through_kafka_while_the_gateway_is_away(
    chaos: Installed, steps: str, broker: str, tmp_path: Path
) -> None:
    """What the agent hands over lies in Kafka; the reader is killed before the gateway is there,
    and started again: all spans, lines and metrics come out."""
    sink = Sink(tmp_path / "sink")
    between = _between(tmp_path / "between", broker, sink)
    try:
        with between, agent_of(tmp_path / "agent", between) as agent:
            assert run_to(chaos, agent.url, steps) == 0
            wait_for(lambda: "connection refused" in between.log)  # it has read, and cannot go on
            between.kill()
            between.start()
            sink.start()
            wait_for(lambda: sink.names("deploy.sh") == whole("deploy.sh"))
            wait_for(lambda: sink.steps_with_lines() == STEPS)
            wait_for(lambda: sink.items("metrics"))
    finally:
        sink.stop()
