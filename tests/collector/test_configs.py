"""The real programs accept every configuration that we give away."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.e2e.collector import Collector
from tests.e2e.go_builds import may_build, otlp_prometheus
from tests.e2e.prometheus import program

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "collector-config"
FILES = sorted(path for path in CONFIG.rglob("*") if path.suffix in (".yaml", ".yml"))
PLACES = {
    "GATEWAY_ENDPOINT": "gateway.example:4317",
    "TRACES_ENDPOINT": "tempo.example:4317",
    "METRICS_ENDPOINT": "https://prometheus.example/api/v1/otlp/v1/metrics",
    "LOGS_ENDPOINT": "https://loki.example/otlp/v1/logs",
    "KAFKA_BROKERS": "kafka-1.example:9093,kafka-2.example:9093",
    "KAFKA_USER": "chaos-otel",
    "KAFKA_PASSWORD": "only-for-this-test",
    "TLS_CERT_FILE": "/etc/otelcol/tls.crt",
    "TLS_KEY_FILE": "/etc/otelcol/tls.key",
}
# every way in which README.md lays them over one another
WAYS = [
    ("agent.yaml",),
    ("agent.yaml", "tls.yaml"),
    ("gateway.yaml",),
    ("gateway.yaml", "tls.yaml"),
    ("kafka.yaml",),
    ("kafka.yaml", "tls.yaml"),
    ("kafka.yaml", "kafka-login.yaml"),
    ("kafka.yaml", "kafka-login.yaml", "tls.yaml"),
]


def _promtools() -> list[str]:
    """Debian's, and that of a current Prometheus."""
    return [program("promtool"), str(Path(otlp_prometheus()).with_name("promtool"))]


def _accepted(*words: str, cwd: Path = CONFIG) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@may_build
@pytest.mark.parametrize("names", WAYS, ids="+".join)
def test_the_collector_accepts_every_file(names: tuple[str, ...], tmp_path: Path) -> None:
    """`otelcol validate`, with the places set that must be, and everything else as it is."""
    done = Collector(tmp_path, [CONFIG / name for name in names], PLACES).validate()
    assert (done.returncode, done.stderr) == (0, "")


@may_build
@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (("agent.yaml",), "otlp_grpc/gateway"),
        (("gateway.yaml",), "otlp_grpc/traces"),
        (("gateway.yaml",), "otlp_http/metrics"),
        (("gateway.yaml",), "otlp_http/logs"),
        (("kafka.yaml", "kafka-login.yaml"), "username is required"),
    ],
)
def test_a_place_that_must_be_named_is_asked_for(
    names: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    """Without it the Collector does not start somewhere else, but says which one is missing."""
    done = Collector(tmp_path, [CONFIG / name for name in names]).validate()
    assert done.returncode != 0
    assert missing in done.stderr


@may_build
def test_prometheus_accepts_its_configuration_and_the_rules() -> None:
    """`promtool check`, of Debian's version and of a current one; rules/*.yml are all of them."""
    for promtool in _promtools():
        assert "4 rule files found" in _accepted(promtool, "check", "config", "prometheus.yml")
        rules = [str(path) for path in sorted((CONFIG / "rules").glob("*.yml"))]
        _accepted(promtool, "check", "rules", *rules)


@may_build
@pytest.mark.parametrize("path", sorted((CONFIG / "rules" / "tests").glob("*.yml")), ids=str)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    """`promtool test rules`: each alert fires when it should, with these words, and else not."""
    for promtool in _promtools():
        _accepted(promtool, "test", "rules", path.name, cwd=path.parent)


def test_alertmanager_accepts_its_configuration() -> None:
    """`amtool check-config`."""
    assert "SUCCESS" in _accepted(program("amtool"), "check-config", "alertmanager.yml")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("severity=critical", "alertname=ScriptHangs"), "on-call"),
        (("severity=warning", "alertname=ScriptTooFast"), "team"),
        (("severity=info", "alertname=ScriptFailed"), "nobody"),
    ],
)
def test_each_severity_has_its_receiver(labels: tuple[str, ...], receiver: str) -> None:
    """`amtool config routes test`: who would hear of it."""
    words = ("config", "routes", "test", "--config.file=alertmanager.yml", *labels)
    assert _accepted(program("amtool"), *words).splitlines()[0] == receiver


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONFIG).as_posix())
def test_no_file_holds_a_secret(path: Path) -> None:
    """What is one comes from a variable or from a file of its own."""
    named = re.compile(
        r"(\w*(?:password|secret|token|authorization|credential)\w*):[ ]*(\S+)", re.I
    )
    for key, value in named.findall(path.read_text()):
        assert key.endswith("_file") or value.startswith("${env:"), key


@pytest.mark.parametrize("name", ["agent.yaml", "gateway.yaml", "kafka.yaml", "tls.yaml"])
def test_each_variable_is_explained_at_the_top(name: str) -> None:
    """What a file reads from the environment stands in its first comment, and nothing else does."""
    text = (CONFIG / name).read_text()
    head, _, body = text.partition("\n\n")
    told = set(re.findall(r"^# {3}([A-Z_, ]+?)(?: {2,}|\n)", head + "\n", re.MULTILINE))
    explained = {word for line in told for word in re.split(r"[, ]+", line) if word}
    assert explained == set(re.findall(r"\$\{env:(\w+)", body)) - {"SPAN_METRICS_SECONDS"}
