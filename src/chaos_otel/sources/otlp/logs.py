"""Log records of an OTLP request as events (`V` lines), tied to their span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from chaos_otel.sources.otlp.said import Said, Translated, time_field
from chaos_otel.sources.otlp.values import cut, plain, text, texts

# data model of logs: the lowest number of each range
_ERROR: Final = 17
_WARNING: Final = 13
_INFO: Final = 9
_UNKNOWN: Final = 0


def logs(request: ExportLogsServiceRequest) -> Iterator[Translated]:
    """Every log record, in order."""
    for of_resource in request.resource_logs:
        for of_scope in of_resource.scope_logs:
            logger = cut(of_scope.scope.name)
            for record in of_scope.log_records:
                yield _log(record, logger)


def _log(record: LogRecord, logger: str) -> Said:
    pairs = texts(record.attributes)
    if logger:
        pairs["otel.scope.name"] = logger
    if record.event_name:
        pairs["event.name"] = cut(record.event_name)
    span_id = record.span_id.hex() if len(record.span_id) == 8 and any(record.span_id) else ""
    at = time_field(record.time_unix_nano or record.observed_time_unix_nano)
    body = text(plain(record.body)) if record.HasField("body") else ""
    return Said("V", (span_id, at, _event_type(record.severity_number), "", body), pairs)


def _event_type(severity: int) -> str:
    if severity >= _ERROR:
        return "error"
    if severity >= _WARNING:
        return "warning"
    return "info" if severity >= _INFO or severity == _UNKNOWN else "debug"
