"""A program that speaks OpenTelemetry by its own SDK, configured by nothing but its environment.

otlp_child.py [WHAT]…       WHAT: traces, logs, metrics, failing, joined
"""

from __future__ import annotations

import logging
import os
import sys

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


def main(what: set[str]) -> None:
    """Make one of each kind that was asked for, and see that it is sent."""
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logs = LoggerProvider()
    if "logs" in what:
        logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(logs)
    logger = logging.getLogger("shop")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(LoggingHandler(logger_provider=logs))
    around = None
    if "joined" in what:
        header = {"traceparent": os.environ["TRACEPARENT"]}
        around = TraceContextTextMapPropagator().extract(header)
    tracer = traces.get_tracer("shop.tracer", "1.2")
    with tracer.start_as_current_span(
        "checkout", context=around, kind=trace.SpanKind.SERVER, attributes={"http.status_code": 200}
    ) as outer:
        outer.add_event("paid", {"amount": 12.5})
        outer.set_attribute("db.password", os.environ.get("CANARY", "nothing"))
        outer.set_attribute("words", ["a", f"--password {os.environ.get('CANARY', 'nothing')}"])
        outer.set_attribute("cicd.pipeline.task.run.id", "not ours")
        with tracer.start_as_current_span("charge") as inner:
            logger.warning("card %s declined", "4")
            if "failing" in what:
                inner.set_status(trace.StatusCode.ERROR, "declined")
        print(f"{outer.get_span_context().span_id:016x} {inner.get_span_context().span_id:016x}")
    if "metrics" in what:
        meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
        counter = meters.get_meter("shop").create_counter("orders")
        counter.add(3)
        counter.add(4)
        meters.get_meter("shop").create_gauge("queue").set(5, {"lane": "a"})
        meters.get_meter("shop").create_histogram("took").record(2.5)
        meters.shutdown()
    logs.shutdown()
    traces.shutdown()


if __name__ == "__main__":
    main(set(sys.argv[1:]))
