"""The words of the journal: what capture writes and everything else reads.

A record is a frozen value; `kind` in the JSON names its type. Times are nanoseconds: `wall_ns`
since the Unix epoch, `mono_ns` on the monotonic clock of the machine (durations are taken from it
alone). Operation ids are span ids, 16 lower-case hex digits; an empty id means "none".

Knows nothing of files, redaction or OpenTelemetry. Costs an import of msgspec, so nothing that runs
before the command starts may import it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

EventType: TypeAlias = Literal["success", "error", "warning", "info", "debug"]
Stream: TypeAlias = Literal[1, 2]
SpanKind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
SpanStatus: TypeAlias = Literal["unset", "ok", "error"]
Value: TypeAlias = str | bool | int | float | list[str | bool | int | float]


class _Record(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, kw_only=True):
    wall_ns: int
    mono_ns: int


class RunStarted(_Record, frozen=True, tag="run.started"):
    """The first record of a journal; everything known before the command said anything.

    `attributes` hold what has a standard name already (host, revision, CI provider), keyed by it.
    `report_path` and `events_path` are absolute; empty when no report, no event document was asked
    for. `named`: somebody gave `name`
    explicitly, so `telemetry_init` does not replace it.
    """

    run_id: str
    trace_id: str
    span_id: str
    name: str
    version: str = ""
    parent_span_id: str = ""
    tracestate: str = ""
    environment: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    capture: str = ""
    report_path: str = ""
    events_path: str = ""
    wrapped: bool = True
    named: bool = False
    tags: dict[str, str] = {}
    attributes: dict[str, str] = {}


class ProcessStarted(_Record, frozen=True, tag="process.started"):
    """The wrapped command runs; `span_id` is the parent of operations that name no other."""

    span_id: str
    pid: int
    executable: str = ""


class RunNamed(_Record, frozen=True, tag="run.named"):
    """`telemetry_init`: the first in a run names it, a later one opens the operation `op`."""

    op: str
    name: str
    version: str = ""
    parent: str = ""


class RunEnded(_Record, frozen=True, tag="run.ended"):
    """The last record of a run: how the command ended and what it used.

    Exactly one of `exit_code`, `signal` and `interrupted` says how, except in a run without a
    wrapper, where none of the three is known. Resource figures are those of `wait4`, seconds,
    bytes, counts; None where unknown. `redactions` is how many secrets the writer of this record
    has taken out of what it wrote.
    """

    exit_code: int | None = None
    signal: int | None = None
    core_dumped: bool = False
    timed_out: bool = False
    interrupted: bool = False
    started_mono_ns: int | None = None
    cpu_user_s: float | None = None
    cpu_system_s: float | None = None
    memory_peak_bytes: int | None = None
    io_read_bytes: int | None = None
    io_write_bytes: int | None = None
    context_switches_voluntary: int | None = None
    context_switches_involuntary: int | None = None
    disk_used_bytes: int | None = None
    network_bytes: int | None = None
    redactions: int | None = None


class OperationStarted(_Record, frozen=True, tag="operation.started"):
    """An operation or a script's step began. `host` empty: this machine."""

    op: str
    name: str
    parent: str = ""
    host: str = ""
    attributes: dict[str, str] = {}


class OperationEnded(_Record, frozen=True, tag="operation.ended"):
    """An operation ended. Where `op` is empty, `name` says which: the innermost open one of that
    name, else the last ended one (then this becomes an event), else one that was never started (it
    gets no duration). `attempts` counts the tries made, `max_retries` those allowed after the
    first.

    `counted`: it is an operation of the report, and neither a part of one nor something that was
    skipped.
    `provisional`: it counts, as one that was never started, unless a `Superseded` comes."""

    op: str
    name: str = ""
    parent: str = ""
    success: bool = True
    message: str = ""
    changed: bool = False
    exit_code: int | None = None
    attempts: int = 1
    max_retries: int = 0
    host: str = ""
    attributes: dict[str, str] = {}
    counted: bool = True
    provisional: bool = False


class Superseded(_Record, frozen=True, tag="operations.superseded"):
    """A source tells again, and whole, all operations that it ended provisionally: what it said of
    them before no longer counts."""


class OperationChanged(_Record, frozen=True, tag="operation.changed"):
    """`telemetry_mark_changed`: the operation changed something on its host."""

    op: str
    name: str = ""


class Event(_Record, frozen=True, tag="event"):
    """Something was said about an operation (or, with neither `op` nor `name`, about the run)."""

    type: EventType
    message: str = ""
    op: str = ""
    name: str = ""
    attributes: dict[str, str] = {}


class Metric(_Record, frozen=True, tag="metric"):
    """`telemetry_record_metric`: the last value of a name (and its attributes) wins. `value` is
    finite."""

    name: str
    value: float
    attributes: dict[str, str] = {}


class Tag(_Record, frozen=True, tag="tag"):
    """`telemetry_add_tag`: the last value of a key wins."""

    key: str
    value: str


class Flushed(_Record, frozen=True, tag="flushed"):
    """`telemetry_flush`: the script says that it is complete. `op` is the id its init made."""

    op: str = ""


class Hooked(_Record, frozen=True, tag="hooked"):
    """A hook of ours is at work inside a tool that the command is or has started."""

    tool: str


class Interrupted(_Record, frozen=True, tag="interrupted"):
    """Somebody had a program stop: whatever status it leaves with, the run did not come to its
    own end."""

    reason: str


class SpanEvent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that happened within a foreign span."""

    name: str
    wall_ns: int
    attributes: dict[str, Value] = {}


class ForeignSpan(_Record, frozen=True, tag="span"):
    """A span that a program under the command made itself, complete; no operation of the report.

    Its times are those of its end. `trace_id` is the program's own; the run's, or empty, if it
    joined that. `resource` says which program it was, `scope` which library of it.
    """

    span_id: str
    name: str
    trace_id: str = ""
    parent: str = ""
    duration_ns: int = 0
    span_kind: SpanKind = "internal"
    status: SpanStatus = "unset"
    message: str = ""
    attributes: dict[str, Value] = {}
    events: tuple[SpanEvent, ...] = ()
    resource: dict[str, Value] = {}
    scope: str = ""
    scope_version: str = ""


class Output(_Record, frozen=True, tag="output"):
    """A piece of what an operation (or, with `op` empty, the command outside of any) printed.

    Redacted before it came here. `text` holds it where it is UTF-8, else `raw` (base64 in the
    JSON). `cut_bytes` were left out just before this piece. Pieces of one operation and stream are
    in order.
    """

    op: str
    stream: Stream
    text: str = ""
    raw: bytes = b""
    cut_bytes: int = 0


class Sample(_Record, frozen=True, tag="sample"):
    """What the command's whole process tree used at one moment: seconds, bytes, counts."""

    cpu_s: float
    memory_bytes: int
    processes: int


class Damage(_Record, frozen=True, tag="damage"):
    """Something was lost or unreadable, counted: `where` is inbox, journal, output, record or
    input."""

    where: str
    reason: str
    count: int = 1
    size_bytes: int = 0


Record: TypeAlias = (
    RunStarted
    | ProcessStarted
    | RunNamed
    | RunEnded
    | OperationStarted
    | OperationEnded
    | Superseded
    | OperationChanged
    | Event
    | Metric
    | ForeignSpan
    | Tag
    | Flushed
    | Hooked
    | Interrupted
    | Output
    | Sample
    | Damage
)
