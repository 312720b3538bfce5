"""Spans that the command's programs made, in the trace of the run."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import SpanKind, StatusCode
from tests.recorder.test_recorder import (
    PROCESS_SPAN,
    SECOND,
    TRACE,
    WALL,
    A,
    B,
    C,
    attributes,
    end,
    exited,
    own_id,
    parent_id,
    spans,
    start,
    times,
)

from chaos_otel import semconv
from chaos_otel.exporters.report import ReportExporter
from chaos_otel.records import Event, ForeignSpan, Metric, SpanEvent


def foreign(span_id: str, name: str = "checkout", **more: Any) -> ForeignSpan:
    known: dict[str, Any] = {"duration_ns": SECOND, "trace_id": TRACE}
    return ForeignSpan(**times(3), span_id=span_id, name=name, **{**known, **more})


def test_a_foreign_span_keeps_what_it_says() -> None:
    """Id, parent, times, kind, status, attributes, events, resource and scope; in the run's
    trace."""
    record = foreign(
        B,
        parent=A,
        span_kind="client",
        status="error",
        message="declined",
        attributes={"n": 200, "words": ["a", "b"], "mixed": ["a", 1]},
        events=(SpanEvent(name="paid", wall_ns=WALL, attributes={"x": 1.5}),),
        resource={"service.name": "shop"},
        scope="shop.tracer",
        scope_version="1.2",
    )
    span = spans(start(A, "step"), record, end(A), exited())[0]
    assert span.context is not None
    assert (span.name, own_id(span), parent_id(span)) == ("checkout", B, A)
    assert f"{span.context.trace_id:032x}" == TRACE
    assert (span.start_time, span.end_time) == (WALL + 2 * SECOND, WALL + 3 * SECOND)
    assert (span.kind, span.status.status_code) == (SpanKind.CLIENT, StatusCode.ERROR)
    assert span.status.description == "declined"
    assert attributes(span) == {"n": 200, "words": ("a", "b"), "mixed": ("a", "1")}
    assert [(one.name, dict(one.attributes or {})) for one in span.events] == [("paid", {"x": 1.5})]
    assert dict(span.resource.attributes) == {"service.name": "shop"}
    scope = span.instrumentation_scope
    assert scope is not None
    assert (scope.name, scope.version) == ("shop.tracer", "1.2")


def test_a_root_of_another_trace_begins_below_the_process() -> None:
    """It says which trace it was in; its own children keep it as their parent."""
    child, root = spans(
        foreign(B, parent=A, trace_id="e" * 32), foreign(A, trace_id="e" * 32), exited()
    )[:2]
    assert (parent_id(child), parent_id(root)) == (A, PROCESS_SPAN)
    for span in (child, root):
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        assert attributes(span) == {semconv.FOREIGN_TRACE_ID: "e" * 32}


def test_a_foreign_span_is_no_operation_whatever_it_says() -> None:
    """Names that mean something to us cannot be taken; the report has the command alone, and a
    failed foreign span fails nothing."""
    said = {
        semconv.TASK_RUN_ID: B,
        semconv.OPERATION_HOST: "web-1",
        semconv.PIPELINE_RUN_ID: "x",
        semconv.ERROR_TYPE: "timeout",
    }
    found = spans(foreign(B, attributes=said, status="error"), exited())
    assert attributes(found[0]) == {
        f"foreign.{semconv.TASK_RUN_ID}": B,
        f"foreign.{semconv.OPERATION_HOST}": "web-1",
        f"foreign.{semconv.PIPELINE_RUN_ID}": "x",
        semconv.ERROR_TYPE: "timeout",
    }
    exporter = ReportExporter("")
    exporter.export(found)
    summary = exporter.summary
    assert (summary.status, summary.counts.total) == ("success", 0)
    exporter.discard()


def test_a_log_of_a_foreign_span_says_which() -> None:
    """An event that is of no operation is the run's, with the span's id."""
    said = Event(**times(2), type="warning", message="slow", op=C)
    run = spans(said, exited())[-1]
    ((name, pairs),) = [(one.name, dict(one.attributes or {})) for one in run.events]
    assert name == "chaos.event.warning"
    assert pairs == {semconv.EVENT_MESSAGE: "slow", semconv.EVENT_SPAN_ID: C}


def test_metrics_with_attributes_are_series_of_their_own() -> None:
    """The last value of each."""
    said = [
        Metric(**times(2), name="queue", value=value, attributes=attributes)
        for value, attributes in ((1.0, {}), (2.0, {"lane": "a", "b": "c"}), (3.0, {}))
    ]
    known = attributes(spans(*said, exited())[-1])
    assert known["chaos.metric.queue"] == 3.0
    assert known["chaos.metric.queue{b=c,lane=a}"] == 2.0
