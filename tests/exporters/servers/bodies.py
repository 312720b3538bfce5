"""Requests for tests to send."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def traces_body(*names: str) -> bytes:
    """A span of each name, of one trace, with ids 1, 2, 3 …"""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, name in enumerate(names, 1):
        spans.add(trace_id=b"t" * 16, span_id=number.to_bytes(8, "big"), name=name)
    return request.SerializeToString()
