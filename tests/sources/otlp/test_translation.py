"""What each kind of OTLP item becomes, through the inbox's own grammar to its record."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from tests.sources.otlp.messages import PARENT, SPAN, START, TRACE, pair, traces

from chaos_otel.clock import now
from chaos_otel.emit.lines import encode
from chaos_otel.journal.line import decode as decode_line
from chaos_otel.journal.line import encode as encode_line
from chaos_otel.records import Damage, Event, ForeignSpan, Metric, Record
from chaos_otel.sources.inbox import InboxDecoder
from chaos_otel.sources.otlp.logs import logs
from chaos_otel.sources.otlp.metrics import SERIES_MAX, Metrics
from chaos_otel.sources.otlp.requests import PROTOBUF, decode
from chaos_otel.sources.otlp.said import Rejected, Translated
from chaos_otel.sources.otlp.spans import EVENTS_MAX, spans
from chaos_otel.sources.otlp.values import ATTRIBUTES_MAX

DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


def records(items: Iterable[Translated]) -> list[Any]:
    """What the inbox's reader makes of the items."""
    decoder = InboxDecoder(now, since_mono_ns=0)
    found: list[Record] = []
    for item in items:
        assert not isinstance(item, Rejected), item
        data = encode(item.kind, *item.fields, **item.pairs)
        found += [parsed.record for parsed in decoder.feed(data)]
    return found


def test_a_span_keeps_all_that_it_says() -> None:
    """Ids, name, kind, status, times, attributes of every type, events, resource and scope."""
    request = traces()
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.parent_span_id = PARENT
    span.kind = span.SPAN_KIND_CLIENT
    span.status.code = span.status.STATUS_CODE_ERROR
    span.status.message = "declined"
    span.attributes.extend([pair("n", 200), pair("text", "a\tb\nc\\d")])
    value = span.attributes.add(key="list").value.array_value
    value.values.extend([AnyValue(string_value="a"), AnyValue(bool_value=True)])
    nested = span.attributes.add(key="map").value.kvlist_value
    nested.values.append(pair("k", 1))
    span.attributes.add(key="bytes").value.bytes_value = b"\x00\xff"
    span.attributes.add(key="nan").value.double_value = math.nan
    event = span.events.add(name="paid", time_unix_nano=START + 5)
    event.attributes.append(pair("amount", 12))
    (record,) = records(spans(request))
    assert isinstance(record, ForeignSpan)
    assert (record.span_id, record.parent) == (SPAN.hex(), PARENT.hex())
    assert (record.trace_id, record.name, record.span_kind) == (TRACE.hex(), "checkout", "client")
    assert (record.status, record.message) == ("error", "declined")
    assert (record.wall_ns, record.duration_ns) == (START + 10**9, 10**9)
    assert record.attributes == {
        "n": 200,
        "text": "a\tb\nc\\d",
        "list": ["a", True],
        "map": '{"k": 1}',
        "bytes": "00ff",
        "nan": "nan",
    }
    assert [(one.name, one.wall_ns, one.attributes) for one in record.events] == [
        ("paid", START + 5, {"amount": 12})
    ]
    assert (record.resource, record.scope) == ({"service.name": "shop"}, "shop.tracer")


def test_what_a_span_says_is_bounded() -> None:
    """Any number of attributes and events, each of any length, is one record that can be kept."""
    request = traces(name="n" * 100_000)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    for number in range(ATTRIBUTES_MAX + 50):
        span.attributes.append(pair(f"key {number}", "v" * 20_000))
    for number in range(EVENTS_MAX + 50):
        event = span.events.add(name=f"event {number}")
        event.attributes.append(pair("k", "ü" * 20_000))
    (record,) = records(spans(request))
    assert isinstance(record, ForeignSpan)
    assert len(encode_line(record, number=1, inbox_offset=1)) < 1_000_000
    request.resource_spans[0].scope_spans[0].spans[0].ClearField("attributes")
    span.attributes.append(pair("key", "v" * 20_000))
    (record,) = records(spans(request))
    assert record.attributes["key"].endswith("v [cut: 11808 characters]")


def test_a_span_without_ids_is_rejected_alone() -> None:
    """The others of its request are taken."""
    request = traces(3)
    request.resource_spans[0].scope_spans[0].spans[1].span_id = bytes(8)
    kinds = [isinstance(item, Rejected) for item in spans(request)]
    assert kinds == [False, True, False]


def test_a_log_record_becomes_an_event_of_its_span() -> None:
    """Its severity, words, attributes and time; a body that is no text is JSON."""
    request = ExportLogsServiceRequest()
    of_scope = request.resource_logs.add().scope_logs.add()
    of_scope.scope.name = "shop"
    for severity in (0, 5, 9, 13, 17, 21):
        record = of_scope.log_records.add(severity_number=severity, time_unix_nano=START)
        record.body.string_value = f"severity {severity}"
        record.span_id = SPAN
        record.attributes.append(pair("a=b", "c"))
    of_scope.log_records.add(observed_time_unix_nano=START).body.kvlist_value.values.append(
        pair("k", 1)
    )
    *tied, loose = records(logs(request))
    assert all(isinstance(record, Event) for record in tied)
    assert [one.type for one in tied] == ["info", "debug", "info", "warning", "error", "error"]
    assert {one.op for one in tied} == {SPAN.hex()}
    assert tied[1].message == "severity 5"
    assert tied[1].attributes == {"a_b": "c", "otel.scope.name": "shop"}
    assert {one.wall_ns for one in tied} == {START}
    assert (loose.op, loose.message, loose.wall_ns) == ("", '{"k": 1}', START)


def _metrics() -> tuple[ExportMetricsServiceRequest, Any]:
    request = ExportMetricsServiceRequest()
    return request, request.resource_metrics.add().scope_metrics.add().metrics


def test_metrics_are_their_last_values() -> None:
    """Gauges and sums by series; histograms and summaries as count and sum."""
    request, metrics = _metrics()
    gauge = metrics.add(name="queue").gauge
    gauge.data_points.add(as_int=5, time_unix_nano=START).attributes.append(pair("lane", "a"))
    gauge.data_points.add(as_double=2.5)
    metrics.add(name="took").histogram.data_points.add(count=3, sum=7.5)
    metrics.add(name="size").exponential_histogram.data_points.add(count=2, sum=1.5)
    metrics.add(name="old").summary.data_points.add(count=1, sum=4)
    found = records(Metrics().metrics(request))
    assert all(isinstance(record, Metric) for record in found)
    assert [(one.name, one.value, one.attributes) for one in found] == [
        ("queue", 5.0, {"lane": "a"}),
        ("queue", 2.5, {}),
        ("took.count", 3.0, {}),
        ("took.sum", 7.5, {}),
        ("size.count", 2.0, {}),
        ("size.sum", 1.5, {}),
        ("old.count", 1.0, {}),
        ("old.sum", 4.0, {}),
    ]
    assert found[0].wall_ns == START


def test_differences_are_added_up_for_each_series() -> None:
    """Over several requests; a cumulative sum is taken as it is."""
    translator = Metrics()
    values = []
    for amount in (3, 4):
        request, metrics = _metrics()
        delta = metrics.add(name="orders").sum
        delta.aggregation_temporality = DELTA
        delta.data_points.add(as_int=amount)
        delta.data_points.add(as_int=amount * 10).attributes.append(pair("lane", "a"))
        metrics.add(name="total").sum.data_points.add(as_int=amount)
        values.append([record.value for record in records(translator.metrics(request))])
    assert values == [[3, 30, 3], [7, 70, 4]]


def test_series_without_end_and_values_that_are_none_are_rejected() -> None:
    """Memory is bounded; no number is no metric."""
    request, metrics = _metrics()
    delta = metrics.add(name="orders").sum
    delta.aggregation_temporality = DELTA
    for number in range(SERIES_MAX + 5):
        delta.data_points.add(as_int=1).attributes.append(pair("id", number))
    metrics.add(name="bad").gauge.data_points.add(as_double=math.inf)
    metrics.add(name="none").gauge.data_points.add()
    metrics.add(name="empty")
    rejected = [item for item in Metrics().metrics(request) if isinstance(item, Rejected)]
    assert len(rejected) == 5 + 3


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
_KEYS = (
    "trace_id",
    "parent",
    "duration_ns",
    "kind",
    "status",
    "message",
    "attributes",
    "events",
    "resource",
    "scope",
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(_KEYS), _JSON) | _JSON)
def test_any_json_in_an_o_line_is_a_span_that_can_be_kept_or_damage(said: object) -> None:
    """Whatever some other emitter writes: nothing is raised, and the journal gives it back."""
    decoder = InboxDecoder(now, since_mono_ns=0)
    (parsed,) = decoder.feed(encode("O", SPAN.hex(), "", "name", json.dumps(said)))
    if isinstance(said, dict):
        assert isinstance(parsed.record, ForeignSpan)
        line = encode_line(parsed.record, number=1, inbox_offset=1)
        entry = decode_line(line[:-1])
        assert entry is not None
        assert entry.record == parsed.record
    else:
        assert isinstance(parsed.record, Damage)


def test_an_empty_request_is_nothing() -> None:
    """Of any signal."""
    assert list(spans(ExportTraceServiceRequest())) == []
    assert list(logs(ExportLogsServiceRequest())) == []
    assert list(Metrics().metrics(ExportMetricsServiceRequest())) == []


def _rich() -> bytes:
    request = traces(2, name="ünï 🎉")
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.extend([pair("n", -1), pair("text", "a\tb\n")])
    span.attributes.add(key="list").value.array_value.values.append(AnyValue(bytes_value=b"x"))
    span.events.add(name="paid", time_unix_nano=START).attributes.append(pair("k", "v"))
    return request.SerializeToString()


RICH = _rich()


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(RICH) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_request_is_refused_or_translated(flips: list[tuple[int, int]]) -> None:
    """Any bytes changed: a ValueError, or items each of which is rejected or one whole record."""
    body = bytearray(RICH)
    for place, value in flips:
        body[place] = value
    try:
        request: Any = decode("traces", bytes(body), PROTOBUF)
    except ValueError:
        return
    for item in spans(request):
        if not isinstance(item, Rejected):
            (record,) = records([item])
            assert isinstance(record, ForeignSpan)
            encode_line(record, number=1, inbox_offset=1)
