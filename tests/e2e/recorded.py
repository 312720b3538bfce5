"""A small OTLP server that remembers what it was sent, and answers as it is told to."""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Reply = tuple[int, dict[str, str], bytes]
ACCEPTED: Reply = (200, {}, b"")
_REQUESTS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


@dataclass
class Received:
    """One request: its path, its headers, its body as it was before gzip."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorded:
    """`reply(request)` says what is answered; without it 200 with an empty answer."""

    url: str
    reply: Callable[[Received], Reply] | None = None
    requests: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)

    def spans(self) -> list[Any]:
        """All spans that were accepted, in the order they came."""
        return [
            span
            for request in self._of("/v1/traces")
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def span_names(self) -> list[str]:
        """Their names, sorted."""
        return sorted(span.name for span in self.spans())

    def span_ids(self) -> Counter[str]:
        """How often each span was accepted."""
        return Counter(span.span_id.hex() for span in self.spans())

    def logs(self) -> list[Any]:
        """All log records that were accepted."""
        return [
            record
            for request in self._of("/v1/logs")
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def metrics(self) -> list[Any]:
        """All metrics that were accepted, of all snapshots."""
        return [
            metric
            for request in self._of("/v1/metrics")
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def documents(self) -> list[dict[str, Any]]:
        """All event documents that were accepted."""
        found = [json.loads(one.body) for one in list(self.accepted) if one.path not in _REQUESTS]
        return [document for batch in found for document in batch]

    def _of(self, path: str) -> Iterator[Any]:
        for request in list(self.accepted):
            if request.path == path:
                yield _REQUESTS[path].FromString(request.body)


@contextmanager
def recording(
    reply: Callable[[Received], Reply] | None = None, *, port: int = 0
) -> Iterator[Recorded]:
    """Listen on loopback until the block ends."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.recorded = Recorded(f"http://127.0.0.1:{server.server_address[1]}", reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.recorded
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    recorded: Recorded

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who was killed, or ran out of time, hears no answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = Received(self.path, dict(self.headers.items()), body)
        recorded = self.server.recorded
        recorded.requests.append(request)
        status, headers, answer = recorded.reply(request) if recorded.reply else ACCEPTED
        if 200 <= status < 300:
            recorded.accepted.append(request)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""
