"""OTLP messages as tests need them."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

TRACE = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
SPAN = bytes.fromhex("00f067aa0ba902b7")
PARENT = bytes.fromhex("a0a067aa0ba902b7")
START = 1_795_291_972_000_000_000


def pair(key: str, value: str | int) -> KeyValue:
    """One attribute."""
    if isinstance(value, str):
        return KeyValue(key=key, value=AnyValue(string_value=value))
    return KeyValue(key=key, value=AnyValue(int_value=value))


def traces(count: int = 1, *, name: str = "checkout") -> ExportTraceServiceRequest:
    """A request with so many spans of one second each, the first with the id SPAN."""
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.append(pair("service.name", "shop"))
    of_scope = of_resource.scope_spans.add()
    of_scope.scope.name = "shop.tracer"
    for number in range(count):
        span = of_scope.spans.add()
        span.trace_id = TRACE
        span.span_id = (int.from_bytes(SPAN) + number).to_bytes(8)
        span.name = name
        span.start_time_unix_nano = START
        span.end_time_unix_nano = START + 1_000_000_000
    return request
