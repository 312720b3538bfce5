"""Spans, log records and metrics as the bytes of OTLP requests, by OpenTelemetry's own encoders.

What goes in is made clean first. The same records give the same bytes. Knows no destination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs as _encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import (
    encode_metrics as _encode_metrics,
)
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as _encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel.exporters.otlp_clean_metrics import clean_metrics
from chaos_otel.exporters.otlp_clean_records import Cleaner

# a gRPC server takes 4 MiB unless it says otherwise
MAX_BYTES: Final = 4_000_000

T = TypeVar("T", ReadableSpan, ReadableLogRecord)


class Batch(NamedTuple, Generic[T]):
    """One request. `items` are all records that it stands for, `lost` of them could not be encoded
    or are larger than a request may be; `body` is empty where all are lost."""

    items: Sequence[T]
    body: bytes
    lost: int = 0


def encode_traces(spans: Sequence[ReadableSpan]) -> bytes:
    """An ExportTraceServiceRequest."""
    clean = Cleaner().span
    return _bytes(_encode_spans([clean(span) for span in spans]))


def encode_logs(logs: Sequence[ReadableLogRecord]) -> bytes:
    """An ExportLogsServiceRequest."""
    clean = Cleaner().log
    return _bytes(_encode_logs([clean(log) for log in logs]))


def encode_metrics(metrics: MetricsData) -> bytes:
    """An ExportMetricsServiceRequest."""
    return _bytes(_encode_metrics(clean_metrics(metrics)))


def batches(
    signal: Literal["traces", "logs"],
    items: Iterable[T],
    *,
    max_records: int,
    max_bytes: int = MAX_BYTES,
) -> Iterator[Batch[T]]:
    """All items in their order, in requests of at most so many records and bytes (before gzip).

    A record that cannot be encoded is counted as `lost` in the request that its neighbours are in.
    """
    encode: Callable[[Any], bytes] = encode_traces if signal == "traces" else encode_logs
    waiting = iter(items)
    while some := tuple(islice(waiting, max(1, max_records))):
        yield from _fitting(some, encode, max_bytes=max_bytes)


def _fitting(
    items: Sequence[T], encode: Callable[[Sequence[T]], bytes], *, max_bytes: int
) -> Iterator[Batch[T]]:
    """One request if it is small enough, else those of its halves."""
    batch = _batch(items, encode)
    if len(batch.body) <= max_bytes:
        yield batch
    elif len(items) == 1:
        yield Batch(items, b"", lost=1)
    else:
        middle = len(items) // 2
        yield from _fitting(items[:middle], encode, max_bytes=max_bytes)
        yield from _fitting(items[middle:], encode, max_bytes=max_bytes)


def _batch(items: Sequence[T], encode: Callable[[Sequence[T]], bytes]) -> Batch[T]:
    try:
        return Batch(items, encode(items))
    except Exception:  # the edge: what cleaning did not foresee must not cost its neighbours
        good = [item for item in items if _encodes(item, encode)]
        return Batch(items, encode(good) if good else b"", lost=len(items) - len(good))


def _encodes(item: T, encode: Callable[[Sequence[T]], bytes]) -> bool:
    try:
        encode((item,))
    except Exception:  # the edge
        return False
    return True


def _bytes(request: Any) -> bytes:
    return bytes(request.SerializeToString(deterministic=True))
