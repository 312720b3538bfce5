"""Records folded into spans and log records, and these made clean and encoded as OTLP requests;
beside it OpenTelemetry's encoder alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from bench.place import Place
from bench.row import Row
from chaos_otel.exporters.otlp_encode import batches
from chaos_otel.recorder.recorder import Recorder
from chaos_otel.records import OperationEnded, OperationStarted, Output, Record, RunStarted

BATCH = 512


def measure(_: Place, *, quick: bool) -> list[Row]:
    """Rates on one CPU: seconds of this process, not of the clock."""
    steps = 5_000 if quick else 50_000
    records = list(_records(steps))
    plain_s = _folded(records, logs=False)[0]
    both_s, spans, logs = _folded(records, logs=True)
    note = "" if (len(spans), len(logs)) == (steps + 1, 2 * steps) else "records are missing"
    encoded = {"spans": _encoded(spans), "log records": _encoded_logs(logs)}
    rows = [
        Row("records folded, spans alone", "-", len(records) / plain_s, "/s", note=note),
        Row("records folded, log records too", "-", len(records) / both_s, "/s", note=note),
    ]
    for what, rate in encoded.items():
        rows.append(Row(f"{what} made clean and encoded", "-", rate, "/s"))
    return [*rows, Row("spans encoded by OpenTelemetry alone", "-", _stock(spans), "/s")]


def _records(steps: int) -> Iterator[Record]:
    """A run of steps that each print two lines."""
    yield RunStarted(
        wall_ns=1, mono_ns=1, run_id="1" * 32, trace_id="2" * 32, span_id="3" * 16, name="bench"
    )
    for number in range(1, steps + 1):
        op = f"{number:016x}"
        at: dict[str, Any] = {"wall_ns": number * 1000, "mono_ns": number * 1000}
        yield OperationStarted(op=op, name=f"install package {number}", **at)
        yield Output(op=op, stream=1, text=f"unpacking {number}\nsetting up {number}\n", **at)
        yield OperationEnded(op=op, **at)


def _folded(
    records: list[Record], *, logs: bool
) -> tuple[float, list[ReadableSpan], list[ReadableLogRecord]]:
    recorder = Recorder(logs=logs)
    spans: list[ReadableSpan] = []
    made: list[ReadableLogRecord] = []
    begun_s = time.process_time()
    for record in records:
        spans += recorder.fold(record)
        made += recorder.take_logs()
    spans += recorder.finish()
    return time.process_time() - begun_s, spans, made + recorder.take_logs()


def _encoded(spans: list[ReadableSpan]) -> float:
    begun_s = time.process_time()
    done = sum(len(one.items) for one in batches("traces", spans, max_records=BATCH))
    return done / (time.process_time() - begun_s)


def _encoded_logs(logs: list[ReadableLogRecord]) -> float:
    begun_s = time.process_time()
    done = sum(len(one.items) for one in batches("logs", logs, max_records=BATCH))
    return done / (time.process_time() - begun_s)


def _stock(spans: list[ReadableSpan]) -> float:
    begun_s = time.process_time()
    for first in range(0, len(spans), BATCH):
        encode_spans(spans[first : first + BATCH]).SerializeToString()
    return len(spans) / (time.process_time() - begun_s)
