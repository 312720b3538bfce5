"""Real OpenTelemetry Collectors on loopback, and what came out of their file exporters."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pytest
from tests.e2e.go_builds import otelcol
from tests.e2e.prometheus import fetch, free_port

Signal = Literal["traces", "metrics", "logs"]
_PARTS: Mapping[Signal, tuple[str, str, str]] = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
}
PATIENCE_S = 120.0


class Collector:
    """A Collector of the configuration files, later ones over earlier ones. Owns its process.

    Its ports are given by the variables that collector-config/ reads; it may be killed and started
    again, with the same ports.
    """

    def __init__(
        self, folder: Path, configs: Sequence[Path], variables: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.grpc, self.http, self.health, self._own = (free_port() for _ in range(4))
        self._variables = {
            "PATH": os.environ.get("PATH", ""),
            "OTLP_GRPC_ENDPOINT": f"127.0.0.1:{self.grpc}",
            "OTLP_HTTP_ENDPOINT": f"127.0.0.1:{self.http}",
            "HEALTH_ENDPOINT": f"127.0.0.1:{self.health}",
            "OWN_METRICS_PORT": str(self._own),
            "QUEUE_DIR": str(folder / "queue"),
        } | dict(variables or {})
        self._words = [f"--config={path}" for path in configs]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it takes OTLP over HTTP."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.folder / "otelcol.log").read_text()

    def validate(self) -> subprocess.CompletedProcess[str]:
        """`otelcol validate`, which starts nothing."""
        words = [otelcol(), "validate", *self._words]
        return subprocess.run(
            words, env=self._variables, cwd=self.folder, capture_output=True, text=True, timeout=60
        )

    def start(self) -> None:
        """Start it and wait until it says that it is healthy."""
        with (self.folder / "otelcol.log").open("ab") as log:
            self.process = subprocess.Popen(
                [otelcol(), *self._words],
                env=self._variables,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until_s = time.monotonic() + PATIENCE_S
        while not self._is_healthy():
            if self.process.poll() is not None or time.monotonic() > until_s:
                self.kill()
                pytest.fail(f"the Collector did not start: {self.log[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as a service manager does."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a lost machine does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _is_healthy(self) -> bool:
        try:
            fetch(f"http://127.0.0.1:{self.health}/")
        except OSError:
            return False
        return True


def written(path: Path, signal: Signal) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Resource attributes and item (span, metric, log record) of all that a file exporter wrote;
    a last line that is being written is left out."""
    groups, scopes, items = _PARTS[signal]
    text = path.read_text() if path.exists() else ""
    for line in text.split("\n")[:-1]:
        for group in json.loads(line).get(groups, ()):
            resource = attributes(group.get("resource", {}))
            for scope in group.get(scopes, ()):
                for item in scope.get(items, ()):
                    yield resource, item


def attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an item of OTLP's JSON as a plain dictionary."""
    return {one["key"]: _plain(one["value"]) for one in item.get("attributes", ())}


def _plain(value: Mapping[str, Any]) -> Any:
    if "arrayValue" in value:
        return [_plain(one) for one in value["arrayValue"].get("values", ())]
    if "intValue" in value:
        return int(value["intValue"])
    return next(iter(value.values()), None)
