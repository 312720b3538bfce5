"""Runs through a real gateway: what is kept of them, and what Prometheus gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.collector_chain import (
    SCRIPT,
    STEPS,
    Sink,
    agent_of,
    gateway_of,
    made_span,
    post,
    run_to,
    waiting,
    whole,
)
from tests.e2e.go_builds import may_build, otlp_prometheus
from tests.e2e.installed import Installed, wait_for
from tests.e2e.prometheus import Prometheus
from tests.exporters.servers import Authority

pytestmark = may_build


def test_the_gateway_keeps_every_failed_run_and_drops_the_rest(
    chaos: Installed, steps: str, sink: Sink, tmp_path: Path
) -> None:
    """With a share of 0: a run that succeeded leaves no trace, one that failed leaves all of its
    spans; logs and metrics come of both, and span_metrics has counted both."""
    failing = chaos.script(SCRIPT + "exit 4\n", "failing.sh")
    with gateway_of(tmp_path / "gateway", sink) as gateway:
        assert run_to(chaos, gateway.url, steps) == 0
        assert run_to(chaos, gateway.url, failing) == 4
        wait_for(lambda: sink.names("failing.sh") == whole("failing.sh"))
        wait_for(lambda: sink.steps_with_lines() == 2 * STEPS)
        wait_for(lambda: _calls(sink).keys() >= {"deploy.sh", "failing.sh"})
    assert sink.names("deploy.sh").total() == 0
    assert _calls(sink)["deploy.sh"] == _calls(sink)["failing.sh"] == STEPS + 2


def test_a_run_that_fails_late_is_kept_whole(sink: Sink, tmp_path: Path) -> None:
    """Operations that came long before the failure was known wait for the run's root span, and no
    shorter time makes the gateway decide; the second trace shows that it has decided by then."""
    with gateway_of(tmp_path / "gateway", sink) as gateway:
        early = made_span("a1", trace="01", parent="a0")
        post(gateway.url, "traces", [early, made_span("b1", trace="02", parent="b0")])
        post(gateway.url, "traces", [made_span("b0", trace="02", failed=True)])
        wait_for(lambda: sink.names()["b0"] and sink.names()["b1"])
        assert sink.names()["a1"] == 0
        post(gateway.url, "traces", [made_span("a0", trace="01", failed=True)])
        wait_for(lambda: sink.names()["a0"] and sink.names()["a1"])


def test_agent_and_gateway_know_each_other_by_certificates(
    chaos: Installed, steps: str, sink: Sink, tmp_path: Path
) -> None:
    """With tls.yaml over gateway.yaml: an agent that shows a certificate hands its runs over; one
    that has none keeps them in its queue."""
    ours = Authority(tmp_path)
    server, client = ours.server(), ours.client()
    asked = {
        "TLS_CERT_FILE": server.certificate_file,
        "TLS_KEY_FILE": server.key_file,
        "TLS_CLIENT_CA_FILE": ours.ca_file,
    }
    known = {"GATEWAY_CERT_FILE": client.certificate_file, "GATEWAY_KEY_FILE": client.key_file}
    secure = {"GATEWAY_INSECURE": "false", "GATEWAY_CA_FILE": ours.ca_file}
    with gateway_of(tmp_path / "gateway", sink, over=["tls.yaml"], **asked) as gateway:
        with agent_of(tmp_path / "stranger", gateway, **secure) as stranger:
            assert run_to(chaos, stranger.url, steps) == 0
            wait_for(lambda: "certificate required" in stranger.log)
        assert sink.items("logs") == []
        with agent_of(tmp_path / "known", gateway, **secure, **known) as agent:
            assert run_to(chaos, agent.url, steps) == 0
            wait_for(lambda: sink.steps_with_lines() == STEPS)


def test_a_run_reaches_prometheus_through_agent_and_gateway(
    chaos: Installed, steps: str, sink: Sink, tmp_path: Path
) -> None:
    """By OTLP all the way: the names and labels are those of a scrape, `instance` says the host,
    and the metrics made of spans stand beside them."""
    with (
        _otlp_prometheus(tmp_path / "prometheus") as prometheus,
        gateway_of(
            tmp_path / "gateway",
            sink,
            METRICS_ENDPOINT=f"{prometheus.url}/api/v1/otlp/v1/metrics",
        ) as gateway,
        agent_of(tmp_path / "agent", gateway) as agent,
    ):
        assert run_to(chaos, agent.url, steps) == 0
        selector = 'script_runs_total{script_name="deploy.sh",result="success"}'
        prometheus.until(lambda it: it.value(selector) == 1)
        (series,) = prometheus.query(selector)
        assert series["metric"]["instance"].startswith(f"{_host()}/")
        calls = 'traces_span_metrics_calls_total{service_name="deploy.sh"}'
        prometheus.until(lambda it: it.value(f"sum({calls})") == STEPS + 2)


def test_prometheus_takes_our_metrics_without_a_collector(
    chaos: Installed, steps: str, tmp_path: Path
) -> None:
    """Its OTLP receiver as a destination for metrics alone; nothing else is sent there."""
    with _otlp_prometheus(tmp_path / "prometheus") as prometheus:
        url = f"{prometheus.url}/api/v1/otlp/v1/metrics"
        chaos.env["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = url
        assert chaos.call("consent", "grant", f"otlp {prometheus.url}/api/v1/otlp").returncode == 0
        done = chaos.call("run", "--export-wait", "60s", "--", steps)
        assert b"delivered" in done.stderr
        prometheus.until(lambda it: it.value("script_runs_total") == 1)
        duration = prometheus.value("script_run_duration_seconds_count")
        assert duration == 1
    assert waiting(chaos) == []


@contextmanager
def _otlp_prometheus(folder: Path) -> Iterator[Prometheus]:
    options = ("--web.enable-otlp-receiver",)
    config = {"storage": {"tsdb": {"out_of_order_time_window": "1h"}}}
    binary = otlp_prometheus()
    with Prometheus(folder, binary=binary, options=options, config=config) as prometheus:
        yield prometheus


def _host() -> str:
    return Path("/proc/sys/kernel/hostname").read_text().strip()


def _calls(sink: Sink) -> dict[str, float]:
    """What span_metrics has counted last, by script."""
    found: dict[str, float] = {}
    for resource, metric in sink.items("metrics"):
        if metric["name"] == "traces.span.metrics.calls":
            points = metric["sum"]["dataPoints"]
            found[resource["service.name"]] = sum(int(point["asInt"]) for point in points)
    return found
