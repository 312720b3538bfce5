"""Batches of spans, encoded beforehand, sent one after the other to a collector on loopback that
looks at none of them: what the way there takes. Beside it what stock exporters stand on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.place import Place
from bench.row import Row
from chaos_otel.config.destination import Destination, Protocol
from chaos_otel.exporters.answer import Delivered
from chaos_otel.exporters.senders import open_sender

SPANS = 512
_SINK = Path(__file__).with_name("sink.py")
_HEADERS = {"Content-Type": "application/x-protobuf"}


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Requests and spans a second, over HTTP and gRPC, compressed and not."""
    body = _batch()
    seconds = 1.0 if quick else 5.0
    rows: list[Row] = []
    ways: tuple[tuple[str, Protocol, bool], ...] = (
        ("HTTP", "http/protobuf", False),
        ("HTTP, gzip", "http/protobuf", True),
        ("gRPC", "grpc", False),
        ("gRPC, gzip", "grpc", True),
    )
    for name, protocol, gzip in ways:
        with _sink("grpc" if protocol == "grpc" else "http", place) as port:
            rate, note = _rate(_sending(port, protocol, body, gzip=gzip), seconds)
        size = f"{len(body) / 1024:,.0f} KiB each"
        what = f"batches of {SPANS} spans, {size}, {name}"
        rows += [
            Row(what, "-", rate, "/s", note=note),
            Row(f"spans in them, {name}", "-", rate * SPANS, "/s", note=note),
        ]
    with _sink("http", place) as port:
        rate, note = _rate(_by_requests(port, body), seconds)
    rows.append(Row("the same batches by requests.Session, HTTP", "-", rate, "/s", note=note))
    return rows


def _batch() -> bytes:
    """Spans with a few attributes each, as an operation has them."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(1, SPANS + 1):
        identity = number.to_bytes(8, "big")
        span = spans.add(trace_id=b"t" * 16, span_id=identity, name=f"install package {number}")
        span.start_time_unix_nano = 1_700_000_000_000_000_000 + number
        span.end_time_unix_nano = span.start_time_unix_nano + 5_000_000
        for key in ("cicd.pipeline.task.name", "server.address", "chaos.operation.stdout"):
            attribute = span.attributes.add(key=key)
            attribute.value.string_value = f"value {number} of {key}"
    return request.SerializeToString()


@contextmanager
def _sink(protocol: str, place: Place) -> Iterator[int]:
    """The port of a collector in a process of its own."""
    command = [sys.executable, str(_SINK), protocol]
    with subprocess.Popen(command, env=place.env, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield int(sink.stdout.readline())
        finally:
            sink.terminate()


def _sending(port: int, protocol: Protocol, body: bytes, *, gzip: bool) -> Callable[[], bool]:
    url = f"http://127.0.0.1:{port}" + ("" if protocol == "grpc" else "/v1/traces")
    sender = open_sender(Destination("bench", "otlp", {"traces": url}, protocol, gzip=gzip))
    return lambda: sender.send("traces", body, timeout_s=10) == Delivered()


def _by_requests(port: int, body: bytes) -> Callable[[], bool]:
    import requests

    session = requests.Session()
    url = f"http://127.0.0.1:{port}/v1/traces"
    return lambda: session.post(url, body, headers=_HEADERS, timeout=10).ok


def _rate(send: Callable[[], bool], seconds: float) -> tuple[float, str]:
    """Requests a second, and a word about those that failed."""
    failed = sent = 0
    send()  # the connection is made
    begun_s = time.perf_counter()
    while (took_s := time.perf_counter() - begun_s) < seconds:
        failed += not send()
        sent += 1
    return sent / took_s, f"{failed} not delivered" if failed else ""
