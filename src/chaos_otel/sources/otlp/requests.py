"""Bodies of OTLP/HTTP: which message they hold, and the answer in the same encoding.

OTLP 1.x, https://opentelemetry.io/docs/specs/otlp/. In JSON ids are hexadecimal, unlike in
protobuf's own mapping; unknown fields are ignored.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.json_format import ParseError as JsonError
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
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

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
# signal, as it stands in the path → request, response, and the count of what was not taken
_SIGNALS: Final[dict[str, tuple[type[Message], type[Message], str]]] = {
    "traces": (ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceRequest, ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (
        ExportMetricsServiceRequest,
        ExportMetricsServiceResponse,
        "rejected_data_points",
    ),
}
SIGNALS: Final = tuple(_SIGNALS)
_IDS: Final = frozenset(("traceId", "spanId", "parentSpanId"))
_NESTED_MAX: Final = 100


def decode(signal: str, body: bytes, content_type: str) -> Message:
    """The request that a body holds. ValueError, in words, for what is none."""
    request = _SIGNALS[signal][0]()
    try:
        if content_type == JSON:
            said = json.loads(body)
            if not isinstance(said, dict):
                raise ValueError("no object")
            said = _with_protobuf_ids(said, 0)
            return ParseDict(said, request, ignore_unknown_fields=True, max_recursion_depth=100)
        request.ParseFromString(body)
    except DecodeError as error:
        raise ValueError(f"this is no {signal} request in protobuf") from error
    except (ValueError, TypeError, AttributeError, RecursionError, JsonError) as error:
        raise ValueError(f"this is no {signal} request in JSON") from error
    return request


def answer(signal: str, content_type: str, *, rejected: int = 0, reason: str = "") -> bytes:
    """What to answer to a request of which so many items were not taken."""
    response: Any = _SIGNALS[signal][1]()
    if rejected:
        setattr(response.partial_success, _SIGNALS[signal][2], rejected)
        response.partial_success.error_message = reason
    return _encoded(response, content_type)


def refusal(reason: str, content_type: str) -> bytes:
    """What to answer to a request that is refused: a `google.rpc.Status`."""
    return _encoded(Status(message=reason), content_type)


def _encoded(message: Message, content_type: str) -> bytes:
    if content_type == JSON:
        return json.dumps(MessageToDict(message)).encode()
    return message.SerializeToString()


def _with_protobuf_ids(said: Any, depth: int) -> Any:
    """The same document with its ids in base64, as protobuf's JSON mapping expects them."""
    if depth > _NESTED_MAX:
        raise ValueError("nested too deep")
    if isinstance(said, list):
        return [_with_protobuf_ids(item, depth + 1) for item in said]
    if isinstance(said, dict):
        return {
            key: _base64(value) if key in _IDS else _with_protobuf_ids(value, depth + 1)
            for key, value in said.items()
        }
    return said


def _base64(digits: object) -> str:
    if not isinstance(digits, str):
        raise ValueError("an id that is no text")
    return base64.b64encode(bytes.fromhex(digits)).decode("ascii")
