"""What a run goes through on its way: agent, gateway, and a Collector that writes into files."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.e2e.collector import Collector, Signal, written
from tests.e2e.installed import Installed
from tests.e2e.steps import step

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "collector-config"
SINK = ROOT / "tests" / "collector" / "sink.yaml"
STEPS = 20
STEP_NAMES = Counter(f"step {number}" for number in range(1, STEPS + 1))
SCRIPT = "\n".join(
    ("#!/bin/bash", *(step(number, f"echo out {number}") for number in range(1, STEPS + 1)), "")
)


class Sink(Collector):
    """The end of the line: a Collector that writes what it gets into files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [SINK], {"SINK_DIR": str(folder)})

    def items(self, signal: Signal) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Resource attributes and item of all that came."""
        return list(written(self.folder / f"{signal}.jsonl", signal))

    def names(self, script: str = "") -> Counter[str]:
        """How often each span's name came, of one script or of all; resends are not counted."""
        found = {
            (span["traceId"], span["spanId"]): span["name"]
            for resource, span in self.items("traces")
            if script in ("", resource.get("service.name"))
        }
        return Counter(found.values())

    def steps_with_lines(self) -> int:
        """How many spans a log record is tied to."""
        ids = {(record["traceId"], record["spanId"]) for _, record in self.items("logs")}
        return len(ids)

    def value(self, counter: str) -> float | None:
        """What a counter came to last, all its series together."""
        found = [
            one["sum"]["dataPoints"] for _, one in self.items("metrics") if one["name"] == counter
        ]
        return sum(float(point["asDouble"]) for point in found[-1]) if found else None

    def lines(self) -> set[str]:
        """The bodies of all log records."""
        return {one["body"].get("stringValue", "") for _, one in self.items("logs")}


def whole(script: str) -> Counter[str]:
    """The spans of a run of SCRIPT: the run, its process, its steps."""
    return STEP_NAMES + Counter({script: 2})


def agent_of(folder: Path, gateway: Collector, **variables: str) -> Collector:
    """The Collector of a host, which hands over to this gateway."""
    places = {"GATEWAY_ENDPOINT": f"127.0.0.1:{gateway.grpc}", "GATEWAY_INSECURE": "true"}
    return Collector(folder, [CONFIG / "agent.yaml"], places | variables)


def gateway_of(
    folder: Path, sink: Sink, *, over: Sequence[str] = (), **variables: str
) -> Collector:
    """A gateway that keeps failed runs alone; `over` are files laid over its own."""
    places = {
        "TRACES_ENDPOINT": f"127.0.0.1:{sink.grpc}",
        "METRICS_ENDPOINT": f"{sink.url}/v1/metrics",
        "LOGS_ENDPOINT": f"{sink.url}/v1/logs",
        "BACKENDS_INSECURE": "true",
        "KEEP_PERCENT": "0",
        "SPAN_METRICS_SECONDS": "1",
    }
    files = [CONFIG / name for name in ("gateway.yaml", *over)]
    return Collector(folder, files, places | variables)


def run_to(chaos: Installed, url: str, *command: str, wait: str = "60s") -> int:
    done = chaos.call("run", "--otlp", url, "--export-wait", wait, "--", *command)
    return done.returncode


def waiting(chaos: Installed) -> list[Path]:
    return list(chaos.state.glob("runs/*/forward.json"))


def made_span(
    number: str, *, trace: str = "ff", parent: str = "", failed: bool = False, **said: str
) -> dict[str, Any]:
    """A span of OTLP's JSON, named after its number."""
    return {
        "name": number,
        "traceId": trace.rjust(32, "0"),
        "spanId": number.rjust(16, "0"),
        "parentSpanId": parent.rjust(16, "0") if parent else "",
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001000000000",
        "attributes": [{"key": key, "value": {"stringValue": said[key]}} for key in said],
        "status": {"code": 2 if failed else 0},
    }


def post(url: str, signal: str, items: list[dict[str, Any]]) -> None:
    """One request of OTLP's JSON, as another program might send it."""
    names = {"traces": ("Spans", "spans"), "logs": ("Logs", "logRecords")}
    group, item = names[signal]
    body = {f"resource{group}": [{"resource": {}, f"scope{group}": [{item: items}]}]}
    request = urllib.request.Request(
        f"{url}/v1/{signal}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        assert response.status == 200
