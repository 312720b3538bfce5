"""Records as OTLP: all arrive, whatever is in them, and the same records give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)

from chaos_otel import semconv
from chaos_otel.exporters import otlp_clean
from chaos_otel.exporters.otlp_encode import batches, encode_logs, encode_metrics, encode_traces

SCOPE = InstrumentationScope("chaos_otel", "1", "https://schema")
RESOURCE = Resource({"service.name": "deploy"}, "https://schema")


class Unspeakable:
    """What nobody can make a text of."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class UnspeakableText(str):
    """A text that cannot be written as UTF-8 by asking it."""

    def encode(self, *_: Any, **__: Any) -> bytes:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=40)  # lone surrogates, NULs and all
NUMBERS = st.integers() | st.floats() | st.booleans() | st.none()
ODD = st.sampled_from([Unspeakable(), UnspeakableText("x"), object(), b"\xff\0", {1, 2}])
VALUES = st.recursive(
    TEXTS | NUMBERS | st.binary(max_size=20) | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
ATTRIBUTES = st.none() | st.dictionaries(TEXTS, VALUES, max_size=6)
TIMES = st.none() | st.integers() | st.floats()
IDS = st.integers(min_value=-(1 << 130), max_value=1 << 130)
RESOURCES = st.builds(Resource, st.dictionaries(TEXTS, TEXTS | st.floats(), max_size=3))
CONTEXTS = st.builds(SpanContext, IDS, IDS, st.booleans())
STATUSES = st.just(Status()) | st.builds(lambda text: Status(StatusCode.ERROR, text), TEXTS)


@st.composite
def any_span(draw: st.DrawFn) -> ReadableSpan:
    attributes: Any = draw(ATTRIBUTES)
    events = [Event(draw(TEXTS), attributes, draw(st.integers())) for _ in range(2)]
    return ReadableSpan(
        draw(TEXTS),
        draw(st.none() | CONTEXTS),
        draw(st.none() | CONTEXTS),
        draw(RESOURCES),
        attributes,
        events,
        [Link(draw(CONTEXTS), attributes)],
        draw(st.sampled_from(SpanKind)),
        None,
        draw(STATUSES),
        draw(TIMES),  # type: ignore[arg-type]
        draw(TIMES),  # type: ignore[arg-type]
        draw(st.none() | st.just(SCOPE)),
    )


@st.composite
def any_log(draw: st.DrawFn) -> ReadableLogRecord:
    at: Any = draw(TIMES)
    body: Any = draw(VALUES)
    attributes: Any = draw(ATTRIBUTES)
    context = set_span_in_context(NonRecordingSpan(draw(CONTEXTS)), Context())
    record = LogRecord(
        timestamp=at,
        observed_timestamp=draw(st.integers()),
        context=context,
        severity_text=draw(st.none() | TEXTS),
        severity_number=draw(st.none() | st.sampled_from(SeverityNumber)),
        body=body,
        attributes=attributes,
        event_name=draw(st.none() | TEXTS),
    )
    return ReadableLogRecord(record, draw(RESOURCES), draw(st.none() | st.just(SCOPE)))


def span(name: str = "step", **attributes: Any) -> ReadableSpan:
    return ReadableSpan(
        name,
        SpanContext(7, 1, False),
        resource=RESOURCE,
        attributes=attributes,
        start_time=5,
        end_time=6,
        instrumentation_scope=SCOPE,
    )


def log(body: Any, **attributes: Any) -> ReadableLogRecord:
    context = set_span_in_context(NonRecordingSpan(SpanContext(7, 9, False)), Context())
    record = LogRecord(
        timestamp=5, observed_timestamp=5, context=context, body=body, attributes=attributes
    )
    return ReadableLogRecord(record, RESOURCE, SCOPE)


def spans_of(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [one for r in request.resource_spans for s in r.scope_spans for one in s.spans]


def bodies_of(body: bytes) -> list[str]:
    request = ExportLogsServiceRequest.FromString(body)
    return [
        one.body.string_value
        for r in request.resource_logs
        for s in r.scope_logs
        for one in s.log_records
    ]


def pairs(span_: Span) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span_.attributes
    }


@given(st.lists(any_span(), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_span_arrives(spans: list[ReadableSpan]) -> None:
    """As many spans as went in come out, none is lost to what another one holds; the bytes are the
    same each time."""
    (batch,) = batches("traces", spans, max_records=10)
    assert batch.lost == 0
    assert len(spans_of(batch.body)) == len(spans)
    assert batch.body == encode_traces(spans)


@given(st.lists(any_log(), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_log_arrives(logs: list[ReadableLogRecord]) -> None:
    """The same for log records."""
    (batch,) = batches("logs", logs, max_records=10)
    assert batch.lost == 0
    assert len(bodies_of(batch.body)) == len(logs)
    assert batch.body == encode_logs(logs)


def test_what_a_span_says_arrives_as_it_was() -> None:
    """Names, ids, times, values of every kind, the event, the link, the status."""
    whole = ReadableSpan(
        "copy",
        SpanContext(0xABC, 0xDEF, False),
        SpanContext(0xABC, 0x123, True),
        RESOURCE,
        {"text": "ü", "whole": -3, "real": 2.5, "yes": True, "list": ("a", "b")},
        [Event("said", {"key": "value"}, 55)],
        [Link(SpanContext(1, 2, False), {"a": 1})],
        SpanKind.CLIENT,
        None,
        Status(StatusCode.ERROR, "bad"),
        10,
        20,
        SCOPE,
    )
    request = ExportTraceServiceRequest.FromString(encode_traces([whole]))
    (of_resource,) = request.resource_spans
    (of_scope,) = of_resource.scope_spans
    (one,) = of_scope.spans
    assert of_resource.resource.attributes[0].value.string_value == "deploy"
    assert (of_resource.schema_url, of_scope.schema_url) == ("https://schema", "https://schema")
    assert (of_scope.scope.name, of_scope.scope.version) == ("chaos_otel", "1")
    assert one.trace_id.hex().lstrip("0") == "abc"
    assert (one.span_id.hex()[-3:], one.parent_span_id.hex()[-3:]) == ("def", "123")
    assert (one.name, one.start_time_unix_nano, one.end_time_unix_nano) == ("copy", 10, 20)
    assert one.kind == Span.SPAN_KIND_CLIENT
    known = pairs(one)
    assert [item.string_value for item in known.pop("list").values] == ["a", "b"]
    assert known == {"text": "ü", "whole": -3, "real": 2.5, "yes": True}
    assert [(e.name, e.time_unix_nano) for e in one.events] == [("said", 55)]
    assert len(one.links) == 1
    assert (one.status.code, one.status.message) == (2, "bad")


def test_records_of_one_run_share_their_resource() -> None:
    """One resource and one scope for all, also where each record has an equal one of its own."""
    logs = [ReadableLogRecord(log("a").log_record, Resource({"a": "b"}), SCOPE) for _ in range(3)]
    request = ExportLogsServiceRequest.FromString(encode_logs(logs))
    assert len(request.resource_logs) == 1
    assert len(request.resource_logs[0].scope_logs) == 1


def test_bad_text_is_made_visible() -> None:
    """A lone surrogate and a NUL, in a name, a key or a value, show as what they were."""
    (one,) = spans_of(encode_traces([span("a\udc80b", **{"k\0": "v\0\ud800"})]))
    assert one.name == "a\\udc80b"
    assert pairs(one) == {"k\\x00": "v\\x00\\ud800"}


def test_numbers_stay_in_range() -> None:
    """Times are within 63 bits, an integer of more than 64 becomes text, NaN stays NaN."""
    odd = ReadableSpan(
        "odd",
        SpanContext(1, 1, False),
        resource=RESOURCE,
        attributes={"big": 1 << 70, "endless": 10**5000, "nan": math.nan, "most": (1 << 63) - 1},
        start_time=-5,
        end_time=1 << 70,
    )
    (one,) = spans_of(encode_traces([odd]))
    assert (one.start_time_unix_nano, one.end_time_unix_nano) == (0, (1 << 63) - 1)
    known = pairs(one)
    assert math.isnan(known.pop("nan"))
    assert known == {"big": str(1 << 70), "endless": "(int)", "most": (1 << 63) - 1}


def test_a_long_value_keeps_its_head_and_tail() -> None:
    """With a note between them of how much is missing."""
    text = "first" + "x" * 100_000 + "last"
    (one,) = spans_of(encode_traces([span(output=text)]))
    kept = pairs(one)["output"]
    assert kept.startswith("first")
    assert kept.endswith("last")
    missing = len(text) - otlp_clean.VALUE_CHARACTERS_MAX
    assert otlp_clean.CUT_MARK.format(missing) in kept
    assert len(kept) < otlp_clean.VALUE_CHARACTERS_MAX + 100


def test_a_record_has_a_limit() -> None:
    """Attributes and events beyond it are left out, and their number stands in the span."""
    huge = {f"key{number}": "x" * 10_000 for number in range(1000)}
    many = ReadableSpan(
        "huge",
        SpanContext(1, 1, False),
        resource=RESOURCE,
        attributes=huge,
        events=[Event("e", {}, 1)] * 5,
        start_time=1,
        end_time=1,
    )
    body = encode_traces([many])
    assert len(body) < 2 * otlp_clean.RECORD_CHARACTERS_MAX
    (one,) = spans_of(body)
    known = pairs(one)
    assert known[semconv.LEFT_OUT] == 1000 - (len(known) - 1) + 5


def test_nothing_is_followed_without_end() -> None:
    """A list that holds itself, and a very long one."""
    loop: list[Any] = []
    loop.append(loop)
    one, other = spans_of(encode_traces([span(loop=loop), span(long=list(range(10_000)))]))
    assert one.attributes[0].key == "loop"
    items = other.attributes[0].value.array_value.values
    assert len(items) == otlp_clean.ITEMS_MAX + 1
    assert "9000 items" in items[-1].string_value


@pytest.mark.parametrize("max_bytes", [300, 1_000, 1 << 20])
def test_batches_are_within_their_limits(max_bytes: int) -> None:
    """Neither more records nor more bytes than asked for; together all, in order."""
    logs = [log(f"line {number} " + "x" * (number % 50)) for number in range(100)]
    found = list(batches("logs", logs, max_records=30, max_bytes=max_bytes))
    assert all(len(one.body) <= max_bytes and 0 < len(one.items) <= 30 for one in found)
    assert [item for one in found for item in one.items] == logs
    said = [body for one in found for body in bodies_of(one.body)]
    assert said == [one.log_record.body for one in logs]


def test_a_record_larger_than_a_request_costs_only_itself() -> None:
    """It is counted as lost; its neighbours arrive."""
    logs = [log("a"), log("b" * 5_000), log("c")]
    found = list(batches("logs", logs, max_records=3, max_bytes=1_000))
    assert [body for one in found if one.body for body in bodies_of(one.body)] == ["a", "c"]
    assert sum(one.lost for one in found) == 1
    assert sum(len(one.items) for one in found) == 3


def test_what_cleaning_did_not_foresee_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that the encoder refuses leaves the request; its neighbours arrive."""

    def picky(spans: Sequence[ReadableSpan]) -> Any:
        if any(one.name == "poison" for one in spans):
            raise ValueError("poison")
        return encode_spans(spans)

    monkeypatch.setattr("chaos_otel.exporters.otlp_encode._encode_spans", picky)
    spans = [span("a"), span("poison"), span("c")]
    (batch,) = batches("traces", spans, max_records=10)
    assert [one.name for one in spans_of(batch.body)] == ["a", "c"]
    assert (batch.lost, len(batch.items)) == (1, 3)


@given(TEXTS, ATTRIBUTES, st.integers() | st.floats(), st.integers())
@settings(max_examples=100, deadline=None)
def test_any_metric_arrives(
    name: str, attributes: dict[str, Any] | None, value: float, at_ns: int
) -> None:
    """Whatever its name, labels, value and time."""
    point = NumberDataPoint(attributes or {}, at_ns, at_ns, value)
    metric = Metric(name, name, name, Gauge([point]))
    scoped = ScopeMetrics(SCOPE, [metric], name)
    body = encode_metrics(MetricsData([ResourceMetrics(Resource({"a": name}), [scoped], name)]))
    request = ExportMetricsServiceRequest.FromString(body)
    (metric_said,) = request.resource_metrics[0].scope_metrics[0].metrics
    assert len(metric_said.gauge.data_points) == 1
