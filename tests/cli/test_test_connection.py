"""`chaos-otel test-connection`: an empty request, what answered, and where settings came from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.exporters.servers import Authority, OtlpServer

from .conftest import Caller


@pytest.fixture
def server() -> Iterator[OtlpServer]:
    with OtlpServer("healthy") as running:
        yield running


def test_each_signal_is_tried_with_nothing_in_it(call: Caller, server: OtlpServer) -> None:
    """Who names a destination asks for the connection: it is made before consent, and says so."""
    done = call("test-connection", "otlp", server.url)
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[-3:]] == [
        ["traces", "ok"],
        ["logs", "ok"],
        ["metrics", "ok"],
    ]
    assert "because you asked" in done.stderr
    assert [one.signal for one in server.requests] == ["traces", "logs", "metrics"]
    assert not any(one.records for one in server.requests)
    assert not (call.state / "consents.jsonl").exists()


def test_an_endpoint_gets_an_empty_batch(call: Caller, server: OtlpServer) -> None:
    """With its key."""
    done = call("test-connection", "endpoint", f"{server.url}/e", TELEMETRY_API_KEY="k")
    assert done.returncode == 0, done.stdout
    (request,) = server.requests
    assert (request.path, request.headers["authorization"]) == ("/e", "Bearer k")


def test_without_a_name_only_what_has_consent_is_tried(call: Caller, server: OtlpServer) -> None:
    """The others are named; with none left the status is 1."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url}
    done = call("test-connection", **variables)
    assert (done.returncode, server.requests) == (1, [])
    assert "nobody has consented" in done.stderr
    call("consent", "grant", server.url, **variables)
    assert call("test-connection", **variables).returncode == 0
    assert len(server.requests) == 3
    assert call("test-connection").returncode == 2


def test_one_that_cannot_be_used_says_why(call: Caller) -> None:
    """A destination whose token is missing is not just unknown."""
    own = call.home / ".config" / "chaos-otel" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[destinations.work]\nurl = "https://c.example"\nheaders = {a = "env:NOPE"}\n')
    done = call("test-connection", "work")
    assert done.returncode == 2
    assert "NOPE is empty" in done.stderr


def test_where_each_setting_came_from(call: Caller, server: OtlpServer) -> None:
    """In words and as JSON; tokens as stars."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=hunter2",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
    }
    done = call("test-connection", server.url, "--json", **variables)
    assert "hunter2" not in done.stdout
    (one,) = json.loads(done.stdout)
    assert one["settings"]["timeout"] == {
        "value": "2.5s",
        "from": "environment OTEL_EXPORTER_OTLP_TIMEOUT",
    }
    assert one["settings"]["protocol"]["from"] == "default"
    assert [check["ok"] for check in one["checks"]] == [True] * 3
    assert server.requests[0].headers["authorization"] == "hunter2"


@pytest.mark.parametrize("behaviour", ["refused", "html", "status:401", "status:404", "redirect"])
def test_what_is_wrong_is_named(call: Caller, behaviour: str) -> None:
    """The exit status is 1, each signal says what answered."""
    with OtlpServer(behaviour) as server:
        done = call("test-connection", "otlp", server.url)
    assert done.returncode == 1
    assert done.stdout.count("FAILED") == 3


def test_grpc_and_tls_are_tried_as_configured(call: Caller, tmp_path: Path) -> None:
    """A private CA, a client certificate, another protocol; without the CA it fails."""
    authority = Authority(tmp_path)
    with OtlpServer("healthy", protocol="grpc", tls=authority.server()) as server:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        }
        assert call("test-connection", server.url, **variables).returncode == 1
        variables["OTEL_EXPORTER_OTLP_CERTIFICATE"] = str(authority.ca_file)
        done = call("test-connection", server.url, **variables)
        assert done.returncode == 0, done.stdout
