"""Log records: what was said and printed, each tied to its span."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord

from chaos_otel import semconv
from chaos_otel.recorder import Recorder
from chaos_otel.recorder.lines import LINE_BYTES_MAX
from chaos_otel.records import (
    Damage,
    Event,
    EventType,
    Interrupted,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Output,
    ProcessStarted,
    Record,
    RunEnded,
    RunNamed,
    RunStarted,
    Stream,
)

TRACE = "2" * 32
RUN_SPAN, PROCESS_SPAN = "3" * 16, "4" * 16
A, B = "a" * 16, "b" * 16
WALL = 1_795_291_972_000_000_000


def at(second: float = 0.0) -> dict[str, Any]:
    return {"wall_ns": WALL + int(second * 1e9), "mono_ns": int(second * 1e9)}


def printed(op: str, text: str = "", *, stream: Stream = 1, **more: Any) -> Output:
    return Output(**at(2), op=op, stream=stream, text=text, **more)


def said(kind: EventType, message: str, *, op: str = "", name: str = "", **more: str) -> Event:
    return Event(**at(2), type=kind, message=message, op=op, name=name, attributes=more)


def start(op: str, name: str = "step", **more: Any) -> Record:
    return OperationStarted(**at(1), op=op, name=name, **more)


def end(op: str, **more: Any) -> Record:
    return OperationEnded(**at(3), op=op, **more)


def logs(*records: Record, wrapped: bool = True) -> list[ReadableLogRecord]:
    started = RunStarted(
        **at(), run_id="1" * 32, trace_id=TRACE, span_id=RUN_SPAN, name="deploy.sh", version="7"
    )
    process = ProcessStarted(**at(), span_id=PROCESS_SPAN, pid=42, executable="bash")
    first = [started, process] if wrapped else [started]
    return folded([*first, *records, RunEnded(**at(9), exit_code=0)])


def folded(records: Iterable[Record]) -> list[ReadableLogRecord]:
    recorder = Recorder(logs=True)
    found = []
    for record in records:
        recorder.fold(record)
        found += recorder.take_logs()
    recorder.finish()
    return found + recorder.take_logs()


def body(log: ReadableLogRecord) -> str:
    return str(log.log_record.body)


def bodies(*records: Record) -> list[str]:
    return [body(log) for log in logs(*records)]


def span_id(log: ReadableLogRecord) -> str:
    assert f"{log.log_record.trace_id:032x}" == TRACE
    return f"{log.log_record.span_id:016x}"


def attributes(log: ReadableLogRecord) -> dict[str, Any]:
    return dict(log.log_record.attributes or {})


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("success", SeverityNumber.INFO),
        ("info", SeverityNumber.INFO),
        ("error", SeverityNumber.ERROR),
        ("warning", SeverityNumber.WARN),
        ("debug", SeverityNumber.DEBUG),
    ],
)
def test_an_event_has_its_severity(kind: EventType, severity: SeverityNumber) -> None:
    """Its message, its time, its operation, its own attributes; none can pass for one of ours."""
    event = said(kind, "hello", op=A, name="copy", key="value", **{"chaos.run.hooks": "no"})
    (log,) = logs(start(A, "copy"), event, end(A))
    record = log.log_record
    assert (record.body, record.timestamp) == ("hello", WALL + 2 * 10**9)
    assert record.observed_timestamp == record.timestamp
    assert (record.severity_number, record.severity_text) == (severity, severity.name)
    assert record.event_name == f"chaos.event.{kind}"
    assert span_id(log) == A
    assert attributes(log) == {
        "key": "value",
        "foreign.chaos.run.hooks": "no",
        semconv.TASK_NAME: "copy",
    }


def test_the_resource_is_that_of_the_run() -> None:
    """And the scope ours; a script that names the run changes what comes after."""
    before, after = logs(
        said("info", "a"), RunNamed(**at(2), op=B, name="deploy-api"), said("info", "b")
    )
    assert before.resource.attributes[semconv.SERVICE_NAME] == "deploy.sh"
    assert after.resource.attributes[semconv.SERVICE_NAME] == "deploy-api"
    assert after.resource.attributes[semconv.SERVICE_VERSION] == "7"
    assert after.instrumentation_scope is not None
    assert after.instrumentation_scope.name == semconv.SCOPE_NAME


def test_what_is_of_no_operation_is_of_the_process() -> None:
    """Events and output alike; without a wrapper of the run."""
    records = (said("info", "a"), printed("", "b\n"))
    assert [span_id(log) for log in logs(*records)] == [PROCESS_SPAN] * 2
    assert [span_id(log) for log in logs(*records, wrapped=False)] == [RUN_SPAN] * 2


def test_an_event_after_the_end_is_still_of_its_operation() -> None:
    """By id or by name; one for a span that we do not know names that span."""
    found = logs(
        start(A, "copy"),
        end(A),
        said("info", "x", op=A),
        said("info", "y", name="copy"),
        said("info", "z", op=B),
        OperationChanged(**at(4), op=A),
    )
    assert [(body(log), span_id(log)) for log in found] == [
        ("x", A),
        ("y", A),
        ("z", B),
        ("", A),
    ]
    assert found[-1].log_record.event_name == "chaos.event.changed"


def test_an_end_says_its_message() -> None:
    """As an error, or a success; an operation that was left open is an error, or a warning."""
    failing = end(A, success=False, message="disk full")
    assert [
        (body(log), log.log_record.severity_text, span_id(log))
        for log in logs(start(A, "copy"), failing, start(B, "left open"))
    ] == [
        ("disk full", "ERROR", A),
        ("unfinished: the run ended before this operation did (success)", "WARN", B),
    ]
    assert bodies(start(A), end(A)) == []


def test_no_event_is_left_out() -> None:
    """A span keeps a few events; each is a log record."""
    events = [said("info", str(number), op=A) for number in range(500)]
    assert bodies(start(A), *events, end(A)) == [str(number) for number in range(500)]


def test_output_comes_by_lines() -> None:
    """Wherever the pieces are cut; blank lines and line ends are left out, streams are apart."""
    found = logs(
        start(A),
        printed(A, "one\r\ntw"),
        printed(A, "err", stream=2),
        printed(A, "o\n\n  \nthree"),
        end(A),
    )
    assert [(body(log), attributes(log)[semconv.LOG_IOSTREAM]) for log in found] == [
        ("one", "stdout"),
        ("two", "stdout"),
        ("three", "stdout"),
        ("err", "stderr"),
    ]
    assert {span_id(log) for log in found} == {A}
    assert {log.log_record.event_name for log in found} == {None}


def test_output_before_its_start_and_after_its_end() -> None:
    """Is of its operation all the same; what it began and did not end is not joined to it."""
    found = logs(
        printed(A, "early\n"),
        start(A),
        end(A),
        printed(A, "late"),
        printed(A, "r\n"),
        printed(B, "of none"),
    )
    assert [(body(log), span_id(log)) for log in found] == [
        ("early", A),
        ("late", A),
        ("r", A),
        ("of none", B),
    ]


def test_bytes_that_are_no_text_show() -> None:
    """As `\\xNN`; a character that was cut in two is whole again."""
    first, second = "ü\n".encode()[:1], "ü\n".encode()[1:] + b"\xff"
    assert bodies(printed("", raw=first), printed("", raw=second)) == ["ü", "\\xff"]


def test_what_was_left_out_is_a_line() -> None:
    """That says how much it stands for; what came before it is a line of its own."""
    found = logs(printed("", "begin"), printed("", "end\n", cut_bytes=1234))
    assert [body(log) for log in found] == ["begin", "[… 1234 bytes left out …]", "end"]
    assert attributes(found[1])[semconv.OUTPUT_CUT_BYTES] == 1234


def test_a_very_long_line_comes_in_parts() -> None:
    """Each but the last says that it goes on; no character is cut in two."""
    line = "ü" * LINE_BYTES_MAX
    found = logs(printed("", "x" + line + "\n"))
    assert "".join(body(log) for log in found) == "x" + line
    assert [semconv.OUTPUT_PARTIAL in attributes(log) for log in found] == [
        *[True] * (len(found) - 1),
        False,
    ]
    assert all(len(body(log).encode()) <= LINE_BYTES_MAX for log in found)


def test_what_was_lost_is_a_warning() -> None:
    """And so is an interruption."""
    damage, stop = logs(
        Damage(**at(1), where="inbox", reason="torn", count=3), Interrupted(**at(2), reason="^C")
    )
    assert (body(damage), damage.log_record.severity_number) == ("torn", SeverityNumber.WARN)
    assert attributes(damage)["chaos.loss.where"] == "inbox"
    assert attributes(damage)["chaos.loss.count"] == 3
    assert (body(stop), stop.log_record.severity_text) == ("^C", "WARN")


def test_what_a_better_source_tells_is_not_told_twice() -> None:
    """Output of an operation that the hook has told of is left out; an event is of the hook's."""
    hooked = start(A, "copy", host="web1", attributes={semconv.PYINFRA_HASH: "h"})
    double = start(
        B,
        "copy",
        host="web1",
        attributes={semconv.PYINFRA_HASH: "h", semconv.CH_AOS_SOURCE: semconv.CH_AOS_OPERATION},
    )
    found = logs(
        hooked,
        printed(A, "x\n"),
        double,
        printed(B, "x\n"),
        said("info", "note", op=B),
        end(B),
        end(A),
    )
    assert [(body(log), span_id(log)) for log in found][:2] == [("x", A), ("note", A)]
    assert len(found) == 3


def test_nobody_asked_nothing_made() -> None:
    """Without `logs` there are none, and what makes them is not even loaded."""
    recorder = Recorder()
    recorder.fold(said("info", "x"))
    recorder.finish()
    assert recorder.take_logs() == []
    program = (
        "import sys, chaos_otel.recorder as r; r.Recorder().finish();"
        "sys.exit('opentelemetry.sdk._logs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["", A, B]),
        st.sampled_from([1, 2]),
        st.binary(max_size=12) | st.sampled_from([b"\n", b"a\r\n", "ü".encode()]),
    ),
    max_size=25,
)


@given(PIECES)
@settings(max_examples=150, deadline=None)
def test_lines_hold_all_that_was_printed(pieces: list[tuple[str, Stream, bytes]]) -> None:
    """Of every operation and stream, in order, however it was cut; twice the same."""
    outputs = [printed(op, raw=data, stream=stream) for op, stream, data in pieces if data]
    records = [start(A), start(B), *outputs, end(B), end(A)]
    found = logs(*records)
    again = logs(*records)
    assert [(log.log_record.body, span_id(log)) for log in found] == [
        (log.log_record.body, span_id(log)) for log in again
    ]
    for op, span in (("", PROCESS_SPAN), (A, A), (B, B)):
        for stream, name in ((1, "stdout"), (2, "stderr")):
            whole = b"".join(d for o, s, d in pieces if (o, s) == (op, stream)).split(b"\n")
            wanted = [
                one.removesuffix(b"\r").decode("utf-8", "backslashreplace")
                for one in whole
                if one and not one.isspace()
            ]
            got = [
                body(log)
                for log in found
                if span_id(log) == span and attributes(log)[semconv.LOG_IOSTREAM] == name
            ]
            assert got == wanted


@pytest.mark.slow
def test_a_million_records_need_no_memory() -> None:
    """What has been taken is held no more, and of the output only the beginning of a line."""
    program = (
        "import resource\n"
        "from chaos_otel.recorder import Recorder\n"
        "from chaos_otel.records import Output, RunStarted\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "r = Recorder(logs=True, output_limit_bytes=1000)\n"
        "t = dict(wall_ns=1, mono_ns=1)\n"
        "r.fold(RunStarted(run_id='1'*32, trace_id='2'*32, span_id='3'*16, name='x', **t))\n"
        "made = 0\n"
        "for number in range(1_000_000):\n"
        "    r.fold(Output(op='', stream=1, text='some line of output\\n', **t))\n"
        "    made += len(r.take_logs())\n"
        "    if number == 100_000: before = peak()\n"
        "assert made == 1_000_000, made\n"
        "print(peak() - before)\n"
    )
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env
    )
    assert int(done.stdout) < 8 << 10  # KiB
