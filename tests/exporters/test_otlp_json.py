"""OTLP in JSON: the specification's example, and nothing lost against protobuf."""

from __future__ import annotations

import json
import math

from google.protobuf.json_format import Parse
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, set_span_in_context

from chaos_otel.exporters.otlp_encode import encode_logs, encode_metrics, encode_traces
from chaos_otel.exporters.otlp_json import to_json

TRACE_ID, SPAN_ID, PARENT_ID = 0x5B8EFFF798038103D269B633813FC60C, 0xEEE19B7EC3C1B174, 0xEEE1
SCOPE = InstrumentationScope("my.library", "1.0.0")
RESOURCE = Resource({"service.name": "my.service"})


def test_a_span_is_as_the_specification_shows_it() -> None:
    """Names in lowerCamelCase, ids in lower-case hex, 64 bits as text, the kind as a number."""
    span = ReadableSpan(
        "I'm a server span",
        SpanContext(TRACE_ID, SPAN_ID, False),
        SpanContext(TRACE_ID, PARENT_ID, False),
        RESOURCE,
        {"traceId": "not an id", "count": 5, "raw": b"\x00\xff", "ratio": math.nan},
        kind=SpanKind.SERVER,
        start_time=1544712660000000000,
        end_time=1544712661000000000,
        instrumentation_scope=SCOPE,
    )
    said = json.loads(to_json("traces", encode_traces([span])))
    (of_resource,) = said["resourceSpans"]
    (of_scope,) = of_resource["scopeSpans"]
    (one,) = of_scope["spans"]
    assert of_resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "my.service"}}
    ]
    assert of_scope["scope"] == {"name": "my.library", "version": "1.0.0"}
    assert one["traceId"] == "5b8efff798038103d269b633813fc60c"
    assert (one["spanId"], one["parentSpanId"]) == ("eee19b7ec3c1b174", "000000000000eee1")
    assert one["kind"] == 2
    assert one["startTimeUnixNano"] == "1544712660000000000"
    assert one["attributes"] == [
        {"key": "traceId", "value": {"stringValue": "not an id"}},
        {"key": "count", "value": {"intValue": "5"}},
        {"key": "raw", "value": {"bytesValue": "AP8="}},
        {"key": "ratio", "value": {"doubleValue": "NaN"}},
    ]


def test_a_log_record_keeps_its_ids_and_severity() -> None:
    """The same rules; read back as JSON for protobuf, less the ids, it is the same request."""
    context = set_span_in_context(
        NonRecordingSpan(SpanContext(TRACE_ID, SPAN_ID, False)), Context()
    )
    record = LogRecord(
        timestamp=1,
        observed_timestamp=1,
        context=context,
        severity_number=SeverityNumber.ERROR,
        body="line\0 ü",
    )
    body = encode_logs([ReadableLogRecord(record, RESOURCE, SCOPE)])
    said = json.loads(to_json("logs", body))
    (one,) = said["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert (one["traceId"], one["spanId"]) == (f"{TRACE_ID:032x}", f"{SPAN_ID:016x}")
    assert one["severityNumber"] == 17
    del one["traceId"], one["spanId"]
    again = Parse(json.dumps(said), ExportLogsServiceRequest())
    ids = again.resource_logs[0].scope_logs[0].log_records[0]
    ids.trace_id, ids.span_id = TRACE_ID.to_bytes(16, "big"), SPAN_ID.to_bytes(8, "big")
    assert again == ExportLogsServiceRequest.FromString(body)


def test_a_counter_keeps_its_temporality() -> None:
    """As a number, and the whole request as it was."""
    point = NumberDataPoint({"a": "b"}, 1, 2, 3.5)
    total = Sum([point], AggregationTemporality.CUMULATIVE, is_monotonic=True)
    scoped = ScopeMetrics(SCOPE, [Metric("script.runs", "Runs.", "{run}", total)], "")
    body = encode_metrics(MetricsData([ResourceMetrics(RESOURCE, [scoped], "")]))
    text = to_json("metrics", body)
    assert b'"aggregationTemporality":2' in text
    again = Parse(text, ExportMetricsServiceRequest())
    assert again == ExportMetricsServiceRequest.FromString(body)
