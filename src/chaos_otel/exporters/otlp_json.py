"""OTLP requests in JSON, as the specification maps them: ids in hex, enums as numbers.

Slow (a tenth of the protobuf encoder's rate): for receivers that take nothing else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chaos_otel.config.destination import Signal

_REQUESTS: Final[Mapping[Signal, type[Message]]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
# no attribute can be taken for one: their keys are values in OTLP's JSON
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def to_json(signal: Signal, body: bytes) -> bytes:
    """The same request in JSON, UTF-8. `body` is a serialised request of that signal."""
    request = _REQUESTS[signal].FromString(body)
    said = MessageToDict(request, use_integers_for_enums=True)
    _write_ids_in_hex(said)
    return json.dumps(said, separators=(",", ":"), allow_nan=False).encode("ascii")


def _write_ids_in_hex(said: Any) -> None:
    """JSON for protobuf writes bytes as base64, OTLP wants hex for ids alone."""
    if isinstance(said, list):
        for item in said:
            _write_ids_in_hex(item)
    elif isinstance(said, dict):
        for key, item in said.items():
            if key in _IDS:
                said[key] = base64.b64decode(item).hex()
            else:
                _write_ids_in_hex(item)
