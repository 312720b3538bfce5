"""Every metric that leaves this program, in one place: its name, kind, unit and labels.

The names of attributes and labels are `semconv.py`'s. A dashboard, a rule or an exporter that names
a metric takes the name from here.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from chaos_otel.semconv import (
    ERROR_TYPE,
    LABEL_CHANGE,
    LABEL_CHANGED,
    LABEL_DESTINATION,
    LABEL_DIRECTION,
    LABEL_OPERATION,
    LABEL_OUTCOME,
    LABEL_PHASE,
    LABEL_REASON,
    LABEL_RECORD,
    LABEL_RECORDED_REVISION,
    LABEL_RECORDED_USER,
    LABEL_RESULT,
    LABEL_SIGNAL,
    LABEL_SOURCE,
    LABEL_WHERE,
    LABEL_WORKING_HOURS,
    SERVER_ADDRESS,
)


class Instrument(NamedTuple):
    """A metric as OpenTelemetry names it. `labels` stand beside those that every metric of its
    family has: script and environment below `script.`, none below `chaos.otel.`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    description: str
    labels: tuple[str, ...] = ()

    @property
    def prometheus_name(self) -> str:
        """The name after the rules of OpenTelemetry's compatibility specification."""
        unit = {"s": "_seconds", "By": "_bytes"}.get(self.unit, "")
        total = "_total" if self.kind == "counter" else ""
        return self.name.replace(".", "_") + unit + total


RUNS: Final = Instrument(
    "script.runs",
    "counter",
    "{run}",
    "Runs that ended.",
    (LABEL_RESULT, LABEL_RECORDED_REVISION, LABEL_RECORDED_USER, LABEL_WORKING_HOURS),
)
FAILURES: Final = Instrument(
    "script.failures", "counter", "{failure}", "Runs that failed, by what failed.", (ERROR_TYPE,)
)
FAILURES_CONSECUTIVE: Final = Instrument(
    "script.failures.consecutive", "gauge", "{failure}", "Failed runs since the last success."
)
EXECUTION_TIME: Final = Instrument(
    "script.execution.time",
    "gauge",
    "s",
    "Duration of the last run, or the age of one that is under way.",
)
RUN_DURATION: Final = Instrument("script.run.duration", "histogram", "s", "Duration of runs.")
ACTIVE: Final = Instrument("script.active", "gauge", "{run}", "Runs that are under way.")
LAST_RUN: Final = Instrument("script.last_run.timestamp", "gauge", "s", "When a run last ended.")
LAST_SUCCESS: Final = Instrument(
    "script.last_success.timestamp", "gauge", "s", "When a run last succeeded."
)
LAST_FAILURE: Final = Instrument(
    "script.last_failure.timestamp", "gauge", "s", "When a run last failed."
)
OPERATIONS: Final = Instrument(
    "script.operations",
    "counter",
    "{operation}",
    "Operations that ended, by host and result.",
    (SERVER_ADDRESS, LABEL_RESULT, LABEL_CHANGED),
)
OPERATION_DURATION: Final = Instrument(
    "script.operation.duration", "histogram", "s", "Duration of operations.", (LABEL_OPERATION,)
)
OPERATION_RETRIES: Final = Instrument(
    "script.operation.retries",
    "counter",
    "{retry}",
    "Tries of operations after their first.",
    (LABEL_OPERATION,),
)
CPU_TIME: Final = Instrument("script.cpu.time", "counter", "s", "CPU time that runs used.")
MEMORY_PEAK: Final = Instrument(
    "script.memory.peak", "gauge", "By", "Largest memory of the last run."
)
DISK_USAGE: Final = Instrument(
    "script.disk.usage", "gauge", "By", "What is used of the disk that the last run worked on."
)
DISK_IO: Final = Instrument(
    "script.disk.io", "counter", "By", "Bytes from and to disks.", (LABEL_DIRECTION,)
)
NETWORK_IO: Final = Instrument(
    "script.network.io", "counter", "By", "Bytes over the host's network meanwhile."
)
REDACTIONS: Final = Instrument(
    "script.redactions", "counter", "{redaction}", "Secrets taken out before anything was written."
)
CONSENT_CHANGES: Final = Instrument(
    "script.consent.changes",
    "counter",
    "{change}",
    "Consents that were granted or revoked.",
    (LABEL_CHANGE,),
)
SELF_RECORDS: Final = Instrument(
    "chaos.otel.records", "counter", "{record}", "Records read from journals.", (LABEL_RECORD,)
)
SELF_SOURCES: Final = Instrument(
    "chaos.otel.sources", "counter", "{run}", "Runs in which a source spoke.", (LABEL_SOURCE,)
)
SELF_DAMAGE: Final = Instrument(
    "chaos.otel.damage", "counter", "{record}", "What was torn or unreadable.", (LABEL_WHERE,)
)
SELF_DROPPED: Final = Instrument(
    "chaos.otel.dropped",
    "counter",
    "{record}",
    "What was left out or given up, by reason.",
    (LABEL_REASON,),
)
SELF_DELIVERIES: Final = Instrument(
    "chaos.otel.deliveries",
    "counter",
    "{request}",
    "Requests to destinations, by what came of them.",
    (LABEL_DESTINATION, LABEL_SIGNAL, LABEL_OUTCOME),
)
SELF_DELIVERED: Final = Instrument(
    "chaos.otel.delivered",
    "counter",
    "{record}",
    "Records that destinations have accepted.",
    (LABEL_DESTINATION, LABEL_SIGNAL),
)
SELF_OUTBOX_AGE: Final = Instrument(
    "chaos.otel.outbox.age", "gauge", "s", "Age of the oldest run that waits.", (LABEL_DESTINATION,)
)
SELF_OUTBOX_SIZE: Final = Instrument(
    "chaos.otel.outbox.size", "gauge", "By", "Journals that wait.", (LABEL_DESTINATION,)
)
SELF_DEAD_LETTERS: Final = Instrument(
    "chaos.otel.dead_letters",
    "counter",
    "{record}",
    "Records that a destination refused for what they are.",
    (LABEL_DESTINATION, LABEL_SIGNAL),
)
SELF_OVERHEAD: Final = Instrument(
    "chaos.otel.overhead",
    "gauge",
    "s",
    "What the last run waited for us, before its command began and after it had ended.",
    (LABEL_PHASE,),
)
INSTRUMENTS: Final = (
    RUNS,
    FAILURES,
    FAILURES_CONSECUTIVE,
    EXECUTION_TIME,
    RUN_DURATION,
    ACTIVE,
    LAST_RUN,
    LAST_SUCCESS,
    LAST_FAILURE,
    OPERATIONS,
    OPERATION_DURATION,
    OPERATION_RETRIES,
    CPU_TIME,
    MEMORY_PEAK,
    DISK_USAGE,
    DISK_IO,
    NETWORK_IO,
    REDACTIONS,
    CONSENT_CHANGES,
    SELF_RECORDS,
    SELF_SOURCES,
    SELF_DAMAGE,
    SELF_DROPPED,
    SELF_DELIVERIES,
    SELF_DELIVERED,
    SELF_OUTBOX_AGE,
    SELF_OUTBOX_SIZE,
    SELF_DEAD_LETTERS,
    SELF_OVERHEAD,
)
# a script's own metric NAME is the gauge script.NAME
SCRIPT_METRIC_PREFIX: Final = "script."
# upper bounds in seconds, of runs and operations alike
DURATION_BOUNDS_S: Final = (
    *(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    *(60, 120, 300, 600, 1200, 1800, 3600, 7200),
)
