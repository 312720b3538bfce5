"""What the OpenTelemetry Collector itself answers, at each of its ports, to each mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.e2e.collector import Collector
from tests.e2e.go_builds import may_build
from tests.e2e.prometheus import free_port
from tests.exporters.sending import PATIENT_S, destination
from tests.exporters.servers import Authority
from tests.exporters.servers.bodies import traces_body

from chaos_otel.config.destination import Protocol, Tls
from chaos_otel.exporters.answer import Answer, Delivered, Paused, Refused
from chaos_otel.exporters.senders import open_sender

pytestmark = may_build
PROTOCOLS: tuple[Protocol, ...] = ("http/protobuf", "http/json", "grpc")
TOO_LARGE = traces_body("x" * 6_000_000)
_CONFIG = """
extensions:
  health_check: {{endpoint: "${{env:HEALTH_ENDPOINT}}"}}
receivers:
  otlp/plain:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{ports[0]}"}}
      http: {{endpoint: "127.0.0.1:{ports[1]}", max_request_body_size: 1000000}}
  otlp/tls:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{ports[2]}", tls: {{{tls}}}}}
      http: {{endpoint: "127.0.0.1:{ports[3]}", tls: {{{tls}}}}}
  otlp/mutual:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{ports[4]}", tls: {{{tls}, client_ca_file: {ca}}}}}
      http: {{endpoint: "127.0.0.1:{ports[5]}", tls: {{{tls}, client_ca_file: {ca}}}}}
exporters:
  file: {{path: traces.jsonl}}
service:
  extensions: [health_check]
  pipelines:
    traces: {{receivers: [otlp/plain, otlp/tls, otlp/mutual], exporters: [file]}}
  telemetry:
    metrics: {{level: none}}
"""


class Open(NamedTuple):
    """The ports of a Collector, gRPC and HTTP of each kind, and the files that go with them."""

    ports: dict[str, tuple[int, int]]
    ca_file: str
    mutual: Tls

    def url(self, port: str, protocol: Protocol) -> str:
        """`plain`, `tls` or `mutual`; `other …` is the same of the other protocol."""
        kind = port.rpartition(" ")[2]
        is_grpc = (protocol == "grpc") != port.startswith("other ")
        return f"localhost:{self.ports[kind][0 if is_grpc else 1]}"


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """One Collector with three ways in."""
    folder = tmp_path_factory.mktemp("collector")
    authority = Authority(folder)
    server, client = authority.server(), authority.client()
    ports = [free_port() for _ in range(6)]
    tls = f"cert_file: {server.certificate_file}, key_file: {server.key_file}"
    config = folder / "config.yaml"
    config.write_text(_CONFIG.format(ports=ports, tls=tls, ca=authority.ca_file))
    pairs = zip(ports[::2], ports[1::2], strict=True)
    mutual = Tls(authority.ca_file, client.certificate_file, client.key_file)
    with Collector(folder, [config]):
        by_kind = dict(zip(("plain", "tls", "mutual"), pairs, strict=True))
        yield Open(by_kind, authority.ca_file, mutual)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("scheme", "port", "kind", "words"),
    [
        ("http", "plain", Delivered, ""),
        ("https", "tls", Delivered, ""),
        ("https with certificate", "mutual", Delivered, ""),
        ("https", "mutual", Paused, "wants a client certificate"),
        ("https of the system", "tls", Paused, "name its CA file"),
        ("http", "tls", Paused, "use https://"),
        ("http", "mutual", Paused, "use https://"),
        ("https", "plain", Paused, "use http://"),
        ("http", "other plain", Paused, "gRPC"),
        ("https", "other tls", Paused, "gRPC"),
    ],
)
def test_it_takes_what_is_right_and_what_is_wrong_is_named(
    collector: Open, protocol: Protocol, scheme: str, port: str, kind: type[Answer], words: str
) -> None:
    """At the right port everything arrives; at each wrong one the cause is in the answer."""
    tls = Tls(collector.ca_file)
    if "certificate" in scheme:
        tls = collector.mutual
    elif "system" in scheme:
        tls = Tls()
    url = f"{scheme.partition(' ')[0]}://{collector.url(port, protocol)}"
    answer = _sent(url, protocol, tls, traces_body("a"))
    assert isinstance(answer, kind)
    assert words in str(answer)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_too_large_for_it_is_refused(collector: Open, protocol: Protocol) -> None:
    """So that it is halved."""
    url = f"http://{collector.url('plain', protocol)}"
    assert isinstance(_sent(url, protocol, Tls(), TOO_LARGE), Refused)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_what_it_cannot_read_is_refused(collector: Open, protocol: Protocol) -> None:
    """A bad record must be found, not sent for ever."""
    url = f"http://{collector.url('plain', protocol)}"
    assert isinstance(_sent(url, protocol, Tls(), b"\xff\xff\xff"), Refused)


def _sent(url: str, protocol: Protocol, tls: Tls, body: bytes) -> Answer:
    sender = open_sender(destination(url, protocol, tls=tls))
    try:
        return sender.send("traces", body, timeout_s=PATIENT_S)
    finally:
        sender.close()
