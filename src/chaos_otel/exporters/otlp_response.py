"""What a destination answers to an export that it took: `Export*ServiceResponse`, as protobuf or
JSON."""

from __future__ import annotations

from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.answer import Delivered
from chaos_otel.exporters.reason import quoted

_Response: TypeAlias = (
    ExportTraceServiceResponse | ExportLogsServiceResponse | ExportMetricsServiceResponse
)
_RESPONSES: dict[Signal, type[_Response]] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
_REJECTED = {
    "traces": "rejected_spans",
    "logs": "rejected_log_records",
    "metrics": "rejected_data_points",
}


def from_protobuf(signal: Signal, body: bytes) -> Delivered | None:
    """What it says, or None if it is no such message."""
    response: Any = _RESPONSES[signal]()
    try:
        response.ParseFromString(body)
    except DecodeError:
        return None
    return _delivered(signal, response)


def from_json(signal: Signal, body: bytes) -> Delivered | None:
    """What it says, or None if it is no such document."""
    response: Any = _RESPONSES[signal]()
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        json_format.Parse(
            body.decode(), response, ignore_unknown_fields=True, max_recursion_depth=9
        )
    except (json_format.ParseError, UnicodeDecodeError, RecursionError):
        return None
    return _delivered(signal, response)


def _delivered(signal: Signal, response: Any) -> Delivered:
    said = response.partial_success
    rejected = max(0, getattr(said, _REJECTED[signal]))
    return Delivered(rejected, quoted(said.error_message))
