"""What arrived at a test server, decoded."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

REQUESTS: dict[str, Any] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
RESPONSES: dict[str, Any] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
REJECTED = {
    "traces": "rejected_spans",
    "logs": "rejected_log_records",
    "metrics": "rejected_data_points",
}
_IDS = ("traceId", "spanId", "parentSpanId")


@dataclass
class Received:
    """One request. `message` is an Export*ServiceRequest; for "events" what the JSON holds.

    `status` is the HTTP status that went out whole (200 for a gRPC OK, else 0 and `code`), None
    while none has."""

    signal: str
    body: bytes
    message: Any
    headers: Mapping[str, str]
    path: str
    status: int | None = None
    code: str = ""
    rejected: int = 0
    records: list[Any] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        """Whether the other side was told that it arrived."""
        return self.status is not None and 200 <= self.status < 300


def received(path: str, headers: Mapping[str, str], raw: bytes) -> Received:
    """Decode a request by its path (HTTP or gRPC); ValueError for a body that cannot be."""
    body = gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw
    signal = signal_of(path)
    is_json = headers.get("content-type", "").startswith("application/json")
    message: Any
    if signal == "events":
        message = json.loads(body)
        records = message if isinstance(message, list) else [message]
        return Received(signal, body, message, headers, path, records=records)
    if is_json:
        message = json_format.ParseDict(_with_base64_ids(json.loads(body)), REQUESTS[signal]())
    else:
        message = REQUESTS[signal].FromString(body)
    return Received(signal, body, message, headers, path, records=list(records_of(message)))


def signal_of(path: str) -> str:
    """By the end of an OTLP path or a gRPC method's service; everything else is events."""
    for signal, service in (("traces", "Trace"), ("logs", "Logs"), ("metrics", "Metrics")):
        if path.endswith(f"/v1/{signal}") or f".{service}Service/" in path:
            return signal
    return "events"


def records_of(message: Any) -> Iterator[Any]:
    """Spans, log records or metrics of a request."""
    for kind in ("resource_spans", "resource_logs", "resource_metrics"):
        for resource in getattr(message, kind, ()):
            for scoped in getattr(resource, kind.replace("resource", "scope")):
                yield from getattr(
                    scoped, {"resource_logs": "log_records"}.get(kind, kind.partition("_")[2])
                )


def _with_base64_ids(value: Any) -> Any:
    """OTLP's JSON has hex where protobuf's has base64."""
    if isinstance(value, list):
        return [_with_base64_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in _IDS else _with_base64_ids(one)
        for key, one in value.items()
    }
