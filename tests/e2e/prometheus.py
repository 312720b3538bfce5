"""Real servers on free loopback ports: Prometheus, node_exporter, Pushgateway.

Each is started by a test into a folder of the test's own and ended by its process id. Their
configuration is JSON, which is YAML as well.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

PATIENCE_S = 120.0
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def program(*names: str) -> str:
    """The first of these programs that is there; skips without, or fails where `CI` is set."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"{names[0]} is not installed (.ci/debian-packages)")
    return found


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def fetch(url: str, *, accept: str = "*/*") -> str:
    """The body of a GET, whatever proxies the environment names."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with _OPENER.open(request, timeout=10) as response:
        body: bytes = response.read()
    return body.decode("utf-8")


def samples(text: str) -> dict[str, float]:
    """The samples of an exposition, by name and labels as they are written: `name{a="b",c="d"}`,
    labels in the order of the alphabet."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


class Server:
    """A process that serves HTTP. Owns it: leave the `with`, or `close`, and it has ended."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        port: int,
        folder: Path,
        ready: str = "/-/ready",
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start it and wait until `ready` answers with 200."""
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{port}"
        self.address = f"127.0.0.1:{port}"
        self.log = folder / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=env
            )
        try:
            self._wait_until(ready)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, *, patience_s: float = 20.0) -> None:
        """End it by TERM, after some patience by KILL."""
        self.process.terminate()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path: str, *, accept: str = "*/*") -> str:
        """The body of a GET."""
        return fetch(f"{self.url}{path}", accept=accept)

    def _wait_until(self, ready: str) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.get(ready)
                return
            except OSError:
                ended = self.process.poll() is not None
                if ended or time.monotonic() > until_s:
                    pytest.fail(f"{self.process.args!r}: {self.log.read_text()[-2000:]}")
                time.sleep(0.05)


class Prometheus(Server):
    """A Prometheus that scrapes `jobs` (`job`) and evaluates rule files, each second."""

    def __init__(
        self,
        folder: Path,
        jobs: Iterable[Mapping[str, Any]] = (),
        *,
        rules: Iterable[Path] = (),
        interval: str = "1s",
        binary: str = "",
        options: Sequence[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """`config` is merged over what we make of the rest; `binary` is another Prometheus."""
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        made: dict[str, Any] = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "scrape_configs": list(jobs),
            "rule_files": [str(path) for path in rules],
        }
        (folder / "prometheus.yml").write_text(json.dumps(made | dict(config or {})))
        argv = [
            binary or program("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            *options,
        ]
        super().__init__(argv, port=port, folder=folder)

    def api(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer of its HTTP API."""
        answer = json.loads(self.get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query: `metric` (labels) and `value` of each series, as float."""
        found = self.api("query", query=expression)["result"]
        return [{"metric": one["metric"], "value": float(one["value"][1])} for one in found]

    def value(self, expression: str) -> float | None:
        """The value of the one series of an instant query; None where there is no series."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return found[0]["value"] if found else None

    def samples(self, selector: str, *, over: str = "1h") -> list[tuple[float, float]]:
        """All samples of the one series of a selector: seconds and values."""
        found = self.api("query", query=f"{selector}[{over}]")["result"]
        assert len(found) <= 1, found
        return [(at, float(value)) for one in found for at, value in one["values"]]

    def alerts(self) -> dict[str, str]:
        """State (pending, firing) of each active alert, by its name."""
        return {one["labels"]["alertname"]: one["state"] for one in self.api("alerts")["alerts"]}

    def until(self, condition: Callable[[Self], Any], *, seconds: float = PATIENCE_S) -> Any:
        """Ask until the condition gives something true, and return that."""
        until_s = time.monotonic() + seconds
        while True:
            found = condition(self)
            if found:
                return found
            if time.monotonic() > until_s:
                targets = self.api("targets")["activeTargets"]
                errors = [one["lastError"] for one in targets]
                pytest.fail(f"nothing within {seconds} s; scrapes said {errors}")
            time.sleep(0.1)


def job(name: str, *addresses: str, honor_labels: bool = False, **more: Any) -> dict[str, Any]:
    """A scrape configuration for these addresses (HOST:PORT)."""
    return {
        "job_name": name,
        "honor_labels": honor_labels,
        "static_configs": [{"targets": list(addresses)}],
        **more,
    }


def node_exporter(folder: Path, textfiles: Path) -> Server:
    """A node_exporter that serves the textfiles of a folder and nothing else."""
    port = free_port()
    argv = [
        program("prometheus-node-exporter", "node_exporter"),
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={textfiles}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Server(argv, port=port, folder=folder, ready="/metrics")


def pushgateway(folder: Path) -> Server:
    """An empty Pushgateway."""
    port = free_port()
    argv = [
        program("prometheus-pushgateway", "pushgateway"),
        "--persistence.file=",  # Debian's would remember what another test pushed
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Server(argv, port=port, folder=folder)


def answered(url: str, *, method: str = "GET") -> tuple[int, str]:
    """Status and body of a request, whatever it is answered with."""
    try:
        with _OPENER.open(urllib.request.Request(url, method=method), timeout=10) as response:
            return response.status, response.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8")
