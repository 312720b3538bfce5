"""Records in, spans out: what each record means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from chaos_otel import semconv
from chaos_otel.recorder import Recorder
from chaos_otel.recorder.remarks import EVENTS_MAX
from chaos_otel.records import (
    Damage,
    Event,
    EventType,
    Flushed,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Output,
    ProcessStarted,
    Record,
    RunEnded,
    RunNamed,
    RunStarted,
    Sample,
    Stream,
    Tag,
)

TRACE = "2" * 32
RUN_SPAN = "3" * 16
PROCESS_SPAN = "4" * 16
A, B, C = "a" * 16, "b" * 16, "c" * 16
WALL = 1_795_291_972_000_000_000
SECOND = 1_000_000_000


def times(second: float = 0.0) -> dict[str, Any]:
    return {"wall_ns": WALL + int(second * SECOND), "mono_ns": 77 + int(second * SECOND)}


def run_started(**more: Any) -> RunStarted:
    known = {"run_id": "1" * 32, "trace_id": TRACE, "span_id": RUN_SPAN, "name": "deploy.sh"}
    return RunStarted(**times(), **{**known, **more})


def process(second: float = 0.0) -> ProcessStarted:
    return ProcessStarted(**times(second), span_id=PROCESS_SPAN, pid=42, executable="bash")


def start(op: str, name: str, second: float = 1, *, parent: str = "", host: str = "") -> Record:
    return OperationStarted(**times(second), op=op, name=name, parent=parent, host=host)


def end(op: str = "", second: float = 2, **more: Any) -> OperationEnded:
    return OperationEnded(**times(second), op=op, **more)


def event(kind: EventType, message: str = "", *, op: str = "", name: str = "") -> Event:
    return Event(**times(1.5), type=kind, message=message, op=op, name=name)


def printed(op: str, text: str, *, stream: Stream = 1, **more: Any) -> Output:
    return Output(**times(1.5), op=op, stream=stream, text=text, **more)


def exited(code: int = 0, second: float = 10) -> RunEnded:
    return RunEnded(**times(second), exit_code=code)


def spans(*records: Record, wrapped: bool = True) -> list[ReadableSpan]:
    """All spans of a run with these records in it."""
    first: list[Record] = [run_started(wrapped=wrapped), *([process()] if wrapped else [])]
    return fold([*first, *records])


def fold(records: Iterable[Record]) -> list[ReadableSpan]:
    recorder = Recorder()
    found = [span for record in records for span in recorder.fold(record)]
    return found + recorder.finish()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / SECOND


def parent_id(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


def own_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def failed(span: ReadableSpan) -> bool:
    return span.status.status_code is StatusCode.ERROR


def test_an_operation_that_does_not_count_is_a_span() -> None:
    """One that says so; where there is no other, the command itself is the one operation."""
    operation, process_span, _ = spans(start(A, "skipped"), end(A, counted=False), exited())
    assert attributes(operation)[semconv.OPERATION_COUNTED] is False
    assert semconv.OPERATION_HOST in attributes(process_span)
    failing = (start(A, "part"), end(A, counted=False, success=False), Flushed(**times(3)))
    assert not failed(spans(*failing, RunEnded(**times(4)), wrapped=False)[-1])


def test_run_process_and_operation() -> None:
    """One trace: operation below process below run, each with its names, in order of their ends."""
    operation, process_span, run = spans(start(A, "copy"), end(A, exit_code=0), exited())
    assert [operation.name, process_span.name, run.name] == ["copy", "bash", "deploy.sh"]
    assert [parent_id(s) for s in (operation, process_span, run)] == [PROCESS_SPAN, RUN_SPAN, ""]
    assert own_id(operation) == A
    assert all(s.context and f"{s.context.trace_id:032x}" == TRACE for s in (operation, run))
    assert [s.kind for s in (operation, process_span)] == [SpanKind.INTERNAL, SpanKind.CLIENT]
    assert seconds(operation) == 1
    assert operation.start_time == WALL + SECOND
    assert attributes(operation) == {
        semconv.TASK_NAME: "copy",
        semconv.TASK_RUN_ID: A,
        semconv.TASK_RUN_RESULT: "success",
        semconv.OPERATION_HOST: "@local",
        semconv.OPERATION_DEPTH: 0,
        semconv.OPERATION_CHANGED: False,
        semconv.OPERATION_RETRY_ATTEMPTS: 0,
        semconv.OPERATION_MAX_RETRIES: 0,
    }
    assert attributes(process_span)[semconv.PROCESS_EXIT_CODE] == 0
    assert attributes(run)[semconv.PIPELINE_RESULT] == "success"
    assert attributes(run)[semconv.PIPELINE_RUN_ID] == "1" * 32
    assert run.resource.attributes[semconv.SERVICE_NAME] == "deploy.sh"
    assert not any(failed(s) for s in (operation, process_span, run))


def test_the_process_lies_within_the_run() -> None:
    """It is seen to start a moment after it has; its span begins when it did, and ends with the
    run's."""
    ended = msgspec.structs.replace(exited(), started_mono_ns=process().mono_ns - SECOND // 4)
    process_span, run = fold([run_started(), process(), ended])
    assert process_span.start_time == process().wall_ns - SECOND // 4
    assert process_span.end_time == run.end_time


def test_the_environment_does_not_reach_the_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME are not ours to take over."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "leak=yes")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "leak")
    (*_, run) = spans(exited())
    assert dict(run.resource.attributes) == {semconv.SERVICE_NAME: "deploy.sh"}


def test_parent_of_the_run() -> None:
    """A run inside another trace has its parent there."""
    (*_, run) = fold([run_started(parent_span_id="e" * 16, tracestate="x=y"), exited()])
    assert parent_id(run) == "e" * 16
    assert run.parent and run.parent.is_remote
    assert run.context and run.context.trace_state.get("x") == "y"


@pytest.mark.parametrize(
    ("last", "error_type", "result"),
    [
        (RunEnded(**times(9), exit_code=0), None, "success"),
        (RunEnded(**times(9), exit_code=3), "exit_3", "failure"),
        (RunEnded(**times(9), signal=9), "signal_KILL", "failure"),
        (RunEnded(**times(9), signal=40), "signal_40", "failure"),
        (RunEnded(**times(9), signal=15, timed_out=True), "timeout", "timeout"),
        (RunEnded(**times(9), interrupted=True), "interrupted", "cancellation"),
        (RunEnded(**times(9)), "unfinished", "cancellation"),
    ],
)
def test_how_the_command_ended(last: RunEnded, error_type: str | None, result: str) -> None:
    """Process and run carry a low-cardinality error.type, the run the pipeline's result."""
    process_span, run = spans(last)
    for span in (process_span, run):
        assert attributes(span).get(semconv.ERROR_TYPE) == error_type
        assert failed(span) == (error_type is not None)
    assert attributes(run)[semconv.PIPELINE_RESULT] == result
    assert attributes(run)[semconv.RUN_INTERRUPTED] == (error_type == "interrupted")


def test_a_journal_that_just_stops() -> None:
    """Without an end the run is interrupted, and lasted until its last record."""
    operation, _, run = spans(start(A, "copy"), event("info", op=A))
    assert attributes(run)[semconv.RUN_INTERRUPTED] is True
    assert seconds(run) == 1.5
    assert failed(operation)
    assert attributes(operation)[semconv.OPERATION_UNFINISHED] is True
    assert attributes(operation)[semconv.ERROR_TYPE] == "interrupted"
    assert "interrupted" in attributes(operation)[semconv.OPERATION_STDERR]


def test_an_empty_journal_gives_nothing() -> None:
    """No record, no span; the run is then known by what its folder says."""
    recorder = Recorder(run_id="f" * 32)
    assert recorder.finish() == []
    assert recorder.run.started.run_id == "f" * 32
    assert recorder.run.started.report_path == ""


def test_a_journal_without_its_first_record() -> None:
    """The rest is still a run, of the id that the folder gave it."""
    recorder = Recorder(run_id="f" * 32)
    found = recorder.fold(start(A, "copy")) + recorder.fold(end(A)) + recorder.finish()
    assert [span.name for span in found] == ["copy", "unknown"]
    assert all(span.context and span.context.trace_id == int("f" * 32, 16) for span in found)
    assert parent_id(found[0]) == own_id(found[1])


def test_run_is_named_by_its_first_init() -> None:
    """telemetry_init gives name and version; later ones open operations that their flush ends."""
    script, process_span, run = spans(
        RunNamed(**times(), op=A, name="deploy-service", version="v1.0.0"),
        RunNamed(**times(1), op=B, name="sub-script", parent=A),
        Flushed(**times(4), op=B),
        Flushed(**times(5), op=A),
        exited(),
    )
    assert run.name == attributes(run)[semconv.PIPELINE_NAME] == "deploy-service"
    assert run.resource.attributes[semconv.SERVICE_VERSION] == "v1.0.0"
    assert script.name == "sub-script"
    assert parent_id(script) == PROCESS_SPAN
    assert seconds(script) == 3
    assert process_span.name == "bash"


def test_explicit_name_and_version_beat_init() -> None:
    """`--name` and `--script-version` stand; the first init still opens no operation."""
    *_, run = fold(
        [
            run_started(named=True, version="2"),
            RunNamed(**times(), op=A, name="from-script", version="1"),
            exited(),
        ]
    )
    assert run.name == "deploy.sh"
    assert run.resource.attributes[semconv.SERVICE_VERSION] == "2"


def test_a_script_fails_with_its_operations() -> None:
    """A flushed script within the run is as good as the operations it opened."""
    records: list[Record] = [
        RunNamed(**times(), op=A, name="outer"),
        RunNamed(**times(), op=B, name="inner"),
        start(C, "copy", parent=B),
        end(C, success=False),
        Flushed(**times(4), op=B),
        exited(),
    ]
    copy, inner, *_ = spans(*records)
    assert failed(copy)
    assert failed(inner)
    assert not failed(spans(*records[:2], *records[4:])[0])


@pytest.mark.parametrize(
    ("records", "error_type"),
    [
        ([Flushed(**times(2), op=A)], None),
        ([Flushed(**times(2))], None),
        ([], "unfinished"),
        ([start(B, "x"), end(B, success=False), Flushed(**times(3), op=A)], "operation_failed"),
    ],
)
def test_run_without_a_wrapper(records: list[Record], error_type: str | None) -> None:
    """It went well if the script flushed and no operation failed."""
    named = RunNamed(**times(), op=A, name="script")
    *_, run = spans(named, *records, RunEnded(**times(9)), wrapped=False)
    assert attributes(run).get(semconv.ERROR_TYPE) == error_type


def test_nesting() -> None:
    """Children stand below their parents; depth counts those around them on their own host."""
    remote, inner, middle, outer, *_ = spans(
        start(A, "outer"),
        start(B, "middle", parent=A),
        start(C, "inner", parent=B),
        start("d" * 16, "remote", parent=B, host="web1"),
        end("d" * 16),
        end(C),
        end(B),
        end(A),
        exited(),
    )
    assert [parent_id(s) for s in (inner, middle, outer)] == [B, A, PROCESS_SPAN]
    depths = [attributes(s)[semconv.OPERATION_DEPTH] for s in (remote, inner, middle, outer)]
    assert depths == [0, 2, 1, 0]
    assert attributes(remote)[semconv.SERVER_ADDRESS] == "web1"
    assert semconv.SERVER_ADDRESS not in attributes(inner)


def test_parent_that_has_ended_or_is_unknown() -> None:
    """An ended parent is still one; an unknown one is the process."""
    _, late, orphan, *_ = spans(
        start(A, "outer"),
        end(A),
        start(B, "late", parent=A),
        end(B),
        start(C, "orphan", parent="9" * 16),
        end(C),
        exited(),
    )
    assert parent_id(late) == A
    assert attributes(late)[semconv.OPERATION_DEPTH] == 1
    assert parent_id(orphan) == PROCESS_SPAN
    assert attributes(orphan)[semconv.OPERATION_DEPTH] == 0


def test_end_by_name_takes_the_innermost() -> None:
    """Without an id the last opened of that name ends first."""
    first, second, *_ = spans(
        start(A, "copy", 1), start(B, "copy", 2), end(name="copy"), end(name="copy"), exited()
    )
    assert [own_id(first), own_id(second)] == [B, A]


def test_end_of_what_never_started() -> None:
    """It is recorded, marked, and takes no time; its id is the same at each delivery."""
    records = (end(name="ghost", success=False, message="boo", parent=""), exited())
    operation, *_ = spans(*records)
    assert seconds(operation) == 0
    assert attributes(operation)[semconv.OPERATION_UNTIMED] is True
    assert attributes(operation)[semconv.OPERATION_STDERR] == "boo"
    assert failed(operation)
    assert own_id(operation) == own_id(spans(*records)[0])
    first, second, *_ = spans(end(name="ghost"), end(name="other"), exited())
    assert own_id(first) != own_id(second)


def test_never_started_with_an_id_and_output() -> None:
    """Where the start was lost, id, parent and output are kept."""
    inner, *_ = spans(
        start(A, "outer"), printed(B, "text"), end(B, name="lost", parent=A), end(A), exited()
    )
    assert (own_id(inner), parent_id(inner)) == (B, A)
    assert attributes(inner)[semconv.OPERATION_STDOUT] == "text"
    assert attributes(inner)[semconv.OPERATION_DEPTH] == 1


def test_end_of_what_has_ended_is_an_event() -> None:
    """No second span: the run gets an event that names the operation."""
    *operations, _, run = spans(
        start(A, "copy"),
        end(A),
        end(A, success=False, message="by id"),
        end(name="copy", success=False, message="by name"),
        OperationChanged(**times(3), op=A),
        exited(),
    )
    assert len(operations) == 1
    assert not failed(operations[0])
    assert attributes(operations[0])[semconv.OPERATION_CHANGED] is False
    assert [e.name for e in run.events] == [
        "chaos.event.error",
        "chaos.event.error",
        "chaos.event.changed",
    ]
    assert all((e.attributes or {})[semconv.TASK_RUN_ID] == A for e in run.events)


def test_changed() -> None:
    """Marked while open or at its end, an operation has changed something."""
    marked, told, by_name, *_ = spans(
        start(A, "x"),
        OperationChanged(**times(), op=A),
        end(A),
        start(B, "x"),
        end(B, changed=True),
        start(C, "y"),
        OperationChanged(**times(), op="", name="y"),
        end(C),
        exited(),
    )
    for span in (marked, told, by_name):
        assert attributes(span)[semconv.OPERATION_CHANGED] is True


def test_events_and_the_message_of_an_error() -> None:
    """Events are kept; an error's message fills an empty stderr and fails nothing by itself."""
    operation, *_ = spans(
        start(A, "copy"),
        event("warning", "slow", op=A),
        event("error", "first", name="copy"),
        event("error", "second", op=A),
        end(A),
        exited(),
    )
    names = [e.name.removeprefix(semconv.EVENT_PREFIX) for e in operation.events]
    assert names == ["warning", "error", "error"]
    assert operation.events[0].timestamp == WALL + 3 * SECOND // 2
    assert attributes(operation)[semconv.OPERATION_STDERR] == "first"
    assert not failed(operation)


def test_stderr_is_not_replaced_by_a_message() -> None:
    """What was really printed there stands."""
    operation, *_ = spans(
        start(A, "copy"),
        printed(A, "real\n", stream=2),
        event("error", "told", op=A),
        end(A, success=False, message="told too"),
        exited(),
    )
    assert attributes(operation)[semconv.OPERATION_STDERR] == "real\n"
    assert operation.status.description == "told too"


def test_event_about_nothing_known() -> None:
    """It is an event of the run."""
    *_, run = spans(event("info", "hello"), event("debug", "x", name="unknown"), exited())
    assert [e.name for e in run.events] == ["chaos.event.info", "chaos.event.debug"]


@pytest.mark.parametrize(
    ("success", "exit_code", "error_type"),
    [(False, 7, "exit_7"), (False, None, "_OTHER"), (False, 0, "_OTHER"), (True, 0, None)],
)
def test_error_type_of_an_operation(
    success: bool, exit_code: int | None, error_type: str | None
) -> None:
    """By exit code where there is one; a success has none."""
    operation, *_ = spans(start(A, "x"), end(A, success=success, exit_code=exit_code), exited())
    assert attributes(operation).get(semconv.ERROR_TYPE) == error_type


def test_retries() -> None:
    """Attempts are tries, retries are one less; success on a retry is no failure."""
    operation, *_ = spans(start(A, "x"), end(A, attempts=3, max_retries=5), exited())
    assert attributes(operation)[semconv.OPERATION_RETRY_ATTEMPTS] == 2
    assert attributes(operation)[semconv.OPERATION_MAX_RETRIES] == 5
    assert semconv.ERROR_TYPE not in attributes(operation)


@pytest.mark.parametrize(("said", "known"), [("4", 4), ("x", 0), ("-1", 0), ("9" * 30, 2**31 - 1)])
def test_max_retries_may_come_with_the_start(said: str, known: int) -> None:
    """An operation that is left open still has what its start announced, if it is a count."""
    started = OperationStarted(**times(1), op=A, name="x", attributes={"max_retries": said})
    operation, *_ = spans(started, exited())
    assert attributes(operation)[semconv.OPERATION_MAX_RETRIES] == known


def test_own_attributes_cannot_take_our_names() -> None:
    """A script's attributes are kept but for those that would say what we say."""
    mine = {"region": "eu", semconv.OPERATION_STDERR: "forged", semconv.ERROR_TYPE: "forged"}
    started = OperationStarted(**times(1), op=A, name="x", attributes=mine)
    operation, *_ = spans(started, end(A, attributes={"size": "3"}), exited())
    assert attributes(operation)["region"] == "eu"
    assert attributes(operation)["size"] == "3"
    assert "forged" not in attributes(operation).values()


def test_left_open() -> None:
    """Open ones end with the run, innermost first, unfinished; good ones in a good run."""
    inner, outer, *_ = spans(start(A, "outer"), start(B, "inner", parent=A), exited(0))
    assert [inner.name, outer.name] == ["inner", "outer"]
    for span in (inner, outer):
        assert attributes(span)[semconv.OPERATION_UNFINISHED] is True
        assert not failed(span)
        assert seconds(span) == 9
    assert all(failed(span) for span in spans(start(A, "outer"), exited(1)))


def test_wall_clock_that_jumps() -> None:
    """Durations come from the monotonic clock alone, and no span ends before it starts."""
    hour, years = 3600 * SECOND, 10 * 365 * 86400 * SECOND
    for jump in (-hour, years, -WALL * 2):
        records = [
            start(A, "x"),
            OperationEnded(wall_ns=WALL + jump, mono_ns=77 + 3 * SECOND, op=A),
            RunEnded(wall_ns=WALL + jump, mono_ns=77 + 9 * SECOND, exit_code=0),
        ]
        assert [seconds(span) for span in spans(*records)] == [2, 9, 9]
    late = OperationStarted(wall_ns=10**30, mono_ns=5, op=A, name="x")
    assert seconds(spans(late, end(A), exited())[0]) >= 0


def test_a_monotonic_clock_that_goes_back() -> None:
    """Readings from another boot give no negative duration."""
    assert seconds(spans(start(A, "x", 5), end(A, 1), exited())[0]) == 0


def test_output_of_an_operation() -> None:
    """Streams apart, pieces joined in order, what was left out marked, bytes made readable."""
    operation, *_ = spans(
        start(A, "x"),
        printed(A, "one "),
        printed(A, "err", stream=2),
        printed(A, "two", cut_bytes=5000),
        Output(**times(), op=A, stream=2, raw=b"\xff!"),
        end(A),
        exited(),
    )
    assert attributes(operation)[semconv.OPERATION_STDOUT] == (
        "one \n[… 5000 bytes left out …]\ntwo"
    )
    assert attributes(operation)[semconv.OPERATION_STDERR] == "err\\xff!"


def test_a_character_split_between_pieces() -> None:
    """Two halves of a character are one again."""
    euro = "€".encode()
    operation, *_ = spans(
        start(A, "x"),
        Output(**times(), op=A, stream=1, raw=euro[:1]),
        Output(**times(), op=A, stream=1, raw=euro[1:]),
        end(A),
        exited(),
    )
    assert attributes(operation)[semconv.OPERATION_STDOUT] == "€"


def test_output_before_the_start() -> None:
    """It belongs to the operation all the same."""
    operation, *_ = spans(printed(A, "early "), start(A, "x"), printed(A, "late"), end(A), exited())
    assert attributes(operation)[semconv.OPERATION_STDOUT] == "early late"


def test_output_after_the_end_is_counted() -> None:
    """It is not lost silently."""
    recorder = Recorder()
    for record in (run_started(), start(A, "x"), end(A), printed(A, "late")):
        recorder.fold(record)
    assert recorder.run.losses == {"late_output": 1}
    assert recorder.run.stdout.text() == "late"


def test_output_beyond_the_limit_is_marked() -> None:
    """Whatever the journal brings, memory has an end, and the mark says how much was left out."""
    recorder = Recorder(output_limit_bytes=10)
    recorder.fold(run_started())
    recorder.fold(start(A, "x"))
    for _ in range(5):
        recorder.fold(printed(A, "12345678"))
    (operation,) = recorder.fold(end(A))
    text = attributes(operation)[semconv.OPERATION_STDOUT]
    assert text == "1234567812345678\n[… 24 bytes left out …]\n"


def test_command_without_steps() -> None:
    """Its span carries what the report needs of an operation; with a step it does not."""
    process_span, _ = spans(printed("", "hello\n"), printed("", "oh\n", stream=2), exited(3))
    known = attributes(process_span)
    assert known[semconv.OPERATION_STDOUT] == "hello\n"
    assert known[semconv.OPERATION_STDERR] == "oh\n"
    assert known[semconv.OPERATION_HOST] == "@local"
    assert failed(process_span)
    _, with_step, _ = spans(start(A, "x"), end(A), printed("", "hello\n"), exited())
    assert semconv.OPERATION_STDOUT not in attributes(with_step)


def test_output_of_the_first_init_is_the_runs() -> None:
    """The id that the first init made is no operation: what is printed under it is the run's."""
    process_span, _ = spans(
        RunNamed(**times(), op=A, name="x"),
        printed(A, "hello"),
        Flushed(**times(2), op=A),
        exited(),
    )
    assert attributes(process_span)[semconv.OPERATION_STDOUT] == "hello"


def test_run_without_process_or_steps_is_the_operation() -> None:
    """Without a wrapper the run's own span carries it."""
    (run,) = spans(printed("", "hello"), Flushed(**times(1)), RunEnded(**times(2)), wrapped=False)
    assert attributes(run)[semconv.OPERATION_STDOUT] == "hello"


def test_tags_metrics_usage_and_losses() -> None:
    """They are attributes of the run's span; the last value wins; peaks stay."""
    *_, run = fold(
        [
            run_started(tags={"team": "core", "region": "us"}, environment="prod"),
            Tag(**times(), key="region", value="eu"),
            Metric(**times(), name="items", value=1.0),
            Metric(**times(), name="items", value=2.5),
            Sample(**times(), cpu_s=1.0, memory_bytes=900, processes=3),
            Sample(**times(), cpu_s=2.0, memory_bytes=500, processes=1),
            Damage(**times(), where="inbox", reason="torn", count=2),
            RunEnded(**times(9), exit_code=0, memory_peak_bytes=4096, cpu_user_s=0.5),
        ]
    )
    known = attributes(run)
    assert known["chaos.tag.region"] == "eu"
    assert known["chaos.tag.team"] == "core"
    assert known["chaos.metric.items"] == 2.5
    assert known[semconv.RUN_TREE_CPU_S] == 2.0
    assert known[semconv.RUN_TREE_MEMORY_PEAK_BYTES] == 900
    assert known[semconv.RUN_TREE_PROCESSES_PEAK] == 3
    assert known["chaos.loss.inbox"] == 2
    assert known[semconv.RUN_MEMORY_PEAK_BYTES] == 4096
    assert known[semconv.RUN_CPU_USER_S] == 0.5
    assert semconv.RUN_IO_READ_BYTES not in known
    assert run.resource.attributes[semconv.DEPLOYMENT_ENVIRONMENT] == "prod"


def test_what_a_script_repeats_is_bounded() -> None:
    """Events, tags and metrics have an end, and what is left out is counted."""
    recorder = Recorder()
    recorder.fold(run_started())
    recorder.fold(start(A, "x"))
    for number in range(5000):
        recorder.fold(Tag(**times(), key=str(number), value="v"))
        recorder.fold(Metric(**times(), name=str(number), value=1.0))
        recorder.fold(event("info", op=A))
        recorder.fold(event("info"))
    assert recorder.run.losses["tags"] == 4000
    assert recorder.run.losses["metrics"] == 4000
    assert recorder.run.losses["events"] == 5000 - EVENTS_MAX + 4000


def test_many_operations_leave_nothing_behind() -> None:
    """What has ended is known again for a while, then forgotten; nothing else is kept."""
    recorder = Recorder()
    recorder.fold(run_started())
    for number in range(1, 30_001):
        recorder.fold(printed(f"{number:016x}", "x"))
        recorder.fold(start(f"{number:016x}", f"step {number}"))
        recorder.fold(end(f"{number:016x}"))
    operations = recorder._steps._operations
    assert len(operations._ended) == len(operations._ended_names) == 10_000
    assert not operations._open
    assert not operations._open_names
    assert not recorder._steps._early._waiting


def test_output_for_nobody_is_bounded() -> None:
    """Output whose operation never starts goes to the run's log, the oldest first."""
    recorder = Recorder()
    recorder.fold(run_started())
    for number in range(1, 3001):
        recorder.fold(printed(f"{number:016x}", "x"))
    assert len(recorder._steps._early._waiting) == 1000
    recorder.finish()
    assert recorder.run.stdout.text() == "x" * 3000


def test_repeated_records_do_no_harm() -> None:
    """A second start of the same operation, or of the run, is counted and ignored."""
    recorder = Recorder()
    for record in (
        run_started(),
        run_started(name="y"),
        start(A, "x", 1),
        start(A, "x", 2),
        end(A),
    ):
        found = recorder.fold(record)
    recorder.fold(start(A, "x", 3))
    assert recorder.run.losses == {"repeated": 3}
    assert recorder.run.name == "deploy.sh"
    assert [seconds(span) for span in found] == [1]
    assert [span.name for span in recorder.finish()] == ["deploy.sh"]


def test_ids_that_are_none() -> None:
    """What is no span id still opens and ends its operation, and gets an id."""
    for op in ("step-1", "Z" * 16, "0" * 16, "0x" + "1" * 14, "é" * 16):
        operation, *_ = spans(start(op, "x"), end(op), exited())
        assert operation.context and operation.context.is_valid
        assert seconds(operation) == 1


def test_delivered_twice_is_the_same() -> None:
    """The same journal gives the same spans."""
    records = [start(A, "x"), end(name="ghost"), end(A), printed("", "x"), exited()]
    assert [s.to_json() for s in spans(*records)] == [s.to_json() for s in spans(*records)]


IDS = st.sampled_from(["", A, B, C, "no id"])
NAMES = st.sampled_from(["", "copy", "build"])
NANOSECONDS = st.integers(-(10**19), 10**20) | st.integers(0, 10**6)
WHEN = {"wall_ns": NANOSECONDS, "mono_ns": NANOSECONDS}
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(run_started),
    st.builds(process),
    st.builds(RunNamed, **WHEN, op=IDS, name=NAMES, parent=IDS),
    st.builds(RunEnded, **WHEN, exit_code=st.none() | st.integers(0, 255)),
    st.builds(OperationStarted, **WHEN, op=IDS, name=NAMES, parent=IDS, host=NAMES),
    st.builds(OperationEnded, **WHEN, op=IDS, name=NAMES, parent=IDS, success=st.booleans()),
    st.builds(OperationChanged, **WHEN, op=IDS, name=NAMES),
    st.builds(Event, **WHEN, type=st.sampled_from(["error", "info"]), op=IDS, name=NAMES),
    st.builds(Metric, **WHEN, name=NAMES, value=st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(Tag, **WHEN, key=NAMES, value=NAMES),
    st.builds(Flushed, **WHEN, op=IDS),
    st.builds(Output, **WHEN, op=IDS, stream=st.sampled_from([1, 2]), raw=st.binary(max_size=3)),
    st.builds(Sample, **WHEN, cpu_s=st.just(1.0), memory_bytes=st.just(1), processes=st.just(1)),
    st.builds(Damage, **WHEN, where=st.just("inbox"), reason=NAMES),
)


@settings(deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=30))
def test_any_records_in_any_order(records: list[Record]) -> None:
    """Nothing raises; each span has its own id and times that go forward, within OTLP's range."""
    found = fold(records)
    operations = [span for span in found if semconv.TASK_RUN_ID in attributes(span)]
    ids = [own_id(span) for span in operations]
    assert len(set(ids)) == len(ids)
    assert semconv.PIPELINE_RUN_ID in attributes(found[-1])
    for span in found:
        assert span.context and span.context.is_valid
        assert span.start_time is not None
        assert span.end_time is not None
        assert 0 <= span.start_time <= span.end_time < 1 << 64
        assert span.name
