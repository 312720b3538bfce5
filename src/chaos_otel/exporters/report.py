"""Writes `chaos_report.json` from spans, as they come, and only at the end puts it in its place.

Knows the spans that the recorder makes (`semconv.py`), not the records behind them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from chaos_otel import semconv
from chaos_otel.errors import ReportError
from chaos_otel.exporters import report_layout as layout
from chaos_otel.exporters.report_file import check_target, replace
from chaos_otel.exporters.report_spool import Spool, write_all
from chaos_otel.exporters.report_summary import Highlights, ReportSummary


class _Host:
    """The sums of one host."""

    __slots__ = ("changed", "duration_ns", "failed", "total")

    def __init__(self) -> None:
        self.total = 0
        self.changed = 0
        self.failed = 0
        self.duration_ns = 0

    @property
    def counts(self) -> layout.Counts:
        return layout.Counts(self.total, self.changed, self.failed)


class ReportExporter(SpanExporter):
    """Takes the spans of one run, the run's own last; `close` then writes the report.

    The file at `path` is replaced at once and whole, or (ReportError) left as it was. Entries wait
    on disk, in a file without a name in `spool_folder` (default: beside `path`). Raises ReportError
    at once where `path` can never be written.
    """

    def __init__(self, path: str, *, spool_folder: str = "") -> None:
        if path:
            check_target(path)
        self._path = path
        self._spool = Spool(spool_folder or os.path.dirname(os.path.abspath(path)))
        self._hosts: dict[str, _Host] = {}
        self._highlights = Highlights()
        self._unfinished = 0
        self._command: ReadableSpan | None = None
        self._run: ReadableSpan | None = None
        self._fault: OSError | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans in, operations in order of their completion. Never raises: `close` does."""
        for span in spans:
            attributes: Mapping[str, Any] = span.attributes or {}
            if semconv.TASK_RUN_ID in attributes:
                if attributes.get(semconv.OPERATION_COUNTED, True):
                    self._add(span, attributes, str(attributes.get(semconv.TASK_NAME, span.name)))
            elif semconv.PIPELINE_RUN_ID in attributes:
                self._run = span
            elif semconv.OPERATION_HOST in attributes:
                self._command = span
        return SpanExportResult.FAILURE if self._fault else SpanExportResult.SUCCESS

    def discard(self) -> None:
        """Write nothing; the summary stays."""
        self._spool.close()

    def close(self, path: str = "") -> None:
        """Write the report, or write it to `path`, as where a later run's stands in its place.

        Raises ReportError, the old file then being as it was. Call it once.
        """
        path = path or self._path
        run = self._run
        if run is not None and not self._hosts:
            command = self._command or run
            self._add(command, command.attributes or {}, run.name)
        try:
            if self._fault is not None:
                raise ReportError(
                    f"cannot write the report {path} ({self._fault.strerror})",
                    hint="what was there before is untouched; make room, then deliver again",
                )
            context = run.context if run is not None else None
            unique = f"{context.span_id:016x}" if context is not None else "unknown"
            replace(path, self._write, unique=unique)
        finally:
            self._spool.close()

    def shutdown(self) -> None:
        """`close`, under the name that the SDK gives it."""
        self.close()

    @property
    def summary(self) -> ReportSummary:
        """The sums of what has been taken in; after `close` those of the report."""
        run = self._run
        attributes: Mapping[str, Any] = (run.attributes if run is not None else None) or {}
        return ReportSummary(
            status=self._status(),
            counts=self._counts(),
            hosts=len(self._hosts),
            total_duration_s=self._total_duration_s(),
            run_name=run.name if run is not None else "",
            run_duration_s=_duration_ns(run) / 1e9 if run is not None else 0.0,
            error_type=attributes.get(semconv.ERROR_TYPE, ""),
            interrupted=attributes.get(semconv.RUN_INTERRUPTED, run is None),
            unfinished=self._unfinished,
            slowest=self._highlights.slowest(),
            failures=tuple(self._highlights.failures),
        )

    def _add(self, span: ReadableSpan, attributes: Mapping[str, Any], operation: str) -> None:
        name = attributes.get(semconv.OPERATION_HOST, semconv.LOCAL_HOST)
        success = span.status.status_code is not StatusCode.ERROR
        changed = attributes.get(semconv.OPERATION_CHANGED, False)
        stderr = attributes.get(semconv.OPERATION_STDERR, "")
        duration_ns = _duration_ns(span)
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host()
        data = layout.entry(
            operation,
            changed=changed,
            success=success,
            duration_ns=duration_ns,
            stdout=attributes.get(semconv.OPERATION_STDOUT, ""),
            stderr=stderr,
            retry_attempts=attributes.get(semconv.OPERATION_RETRY_ATTEMPTS, 0),
            max_retries=attributes.get(semconv.OPERATION_MAX_RETRIES, 0),
        )
        self._keep(name, layout.ENTRY_BREAK + data if host.total else data)
        host.total += 1
        host.changed += changed
        if attributes.get(semconv.OPERATION_DEPTH, 0) == 0:
            host.duration_ns += duration_ns
        if not success:
            host.failed += 1
            self._highlights.add_failure(operation, name, stderr)
        if semconv.OPERATION_UNFINISHED in attributes:
            self._unfinished += 1
        self._highlights.add(operation, name, duration_ns=duration_ns)

    def _keep(self, host: str, data: bytes) -> None:
        if self._fault is None:
            try:
                self._spool.append(host, data)
            except OSError as error:
                self._fault = error
                self._spool.close()

    def _write(self, fd: int) -> None:
        duration_s = self._total_duration_s()
        write_all(
            fd, layout.head(self._counts(), status=self._status(), total_duration_s=duration_s)
        )
        separator = b"\n"
        for name, host in self._hosts.items():
            duration_s = layout.seconds(host.duration_ns)
            head = layout.host_head(name, host.counts, duration_s=duration_s)
            write_all(fd, separator + head)
            self._spool.copy(name, fd)
            write_all(fd, layout.HOST_END)
            separator = layout.HOST_BREAK
        write_all(fd, layout.END if self._hosts else layout.NO_HOSTS_END)

    def _counts(self) -> layout.Counts:
        hosts = self._hosts.values()
        return layout.Counts(
            sum(host.total for host in hosts),
            sum(host.changed for host in hosts),
            sum(host.failed for host in hosts),
        )

    def _total_duration_s(self) -> float:
        each = (layout.seconds(host.duration_ns) for host in self._hosts.values())
        return round(sum(each, 0.0), 4)

    def _status(self) -> str:
        run = self._run
        ran = run is not None and run.status.status_code is not StatusCode.ERROR
        fine = ran and not any(host.failed for host in self._hosts.values())
        return semconv.RESULT_SUCCESS if fine else semconv.RESULT_FAILURE


def _duration_ns(span: ReadableSpan) -> int:
    return max(0, (span.end_time or 0) - (span.start_time or 0))
