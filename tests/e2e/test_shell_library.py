"""The shell library in every shell: what its calls put into the inbox and into the outputs."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from tests.e2e.shells import (
    LIBRARY,
    OUTSIDE,
    SHELLS,
    SPAN,
    TRACE,
    Listener,
    assert_undamaged,
    whose,
)

from chaos_otel.records import (
    Event,
    Flushed,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    RunNamed,
    Tag,
)

pytestmark = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    """An inbox, outputs that are marked, and a trace."""
    return Listener(tmp_path)


def test_each_call_writes_its_record(listener: Listener, shell: str) -> None:
    """In the order of the calls, tied together by the operation's id."""
    heard = listener.run(
        shell,
        """
        telemetry_init "my deploy" v1
        telemetry_start_timer build
        telemetry_track_warning build "slow disk"
        telemetry_track_info build "half way"
        telemetry_track_debug build "x=1"
        telemetry_mark_changed build
        telemetry_track_success build
        telemetry_start_timer copy
        telemetry_track_error copy "no space"
        telemetry_record_metric latency 0.25
        telemetry_add_tag region eu
        telemetry_flush
        """,
    )
    assert (heard.status, heard.stdout, heard.stderr) == (0, b"", b"")
    init = heard.one(RunNamed)
    build, copy = heard.all(OperationStarted)
    built, copied = heard.all(OperationEnded)
    assert (init.name, init.version, init.parent) == ("my deploy", "v1", SPAN)
    assert (build.name, build.parent, copy.parent) == ("build", SPAN, SPAN)
    assert (built.op, built.success, built.message) == (build.op, True, "")
    assert (copied.op, copied.success, copied.message) == (copy.op, False, "no space")
    assert [(one.op, one.type, one.message) for one in heard.all(Event)] == [
        (build.op, "warning", "slow disk"),
        (build.op, "info", "half way"),
        (build.op, "debug", "x=1"),
    ]
    assert heard.one(OperationChanged).op == build.op
    assert (heard.one(Metric).name, heard.one(Metric).value) == ("latency", 0.25)
    assert (heard.one(Tag).key, heard.one(Tag).value) == ("region", "eu")
    assert heard.one(Flushed).op == init.op
    assert len(heard.records) == 12
    assert all(a.mono_ns <= b.mono_ns for a, b in itertools.pairwise(heard.records))


def test_operations_nest_and_programs_are_told(listener: Listener, shell: str) -> None:
    """An operation inside another is its child; TRACEPARENT follows and is put back."""
    heard = listener.run(
        shell,
        """
        printenv TRACEPARENT
        telemetry_start_timer outer
        telemetry_start_timer inner
        printenv TRACEPARENT
        telemetry_track_success inner
        printenv TRACEPARENT
        telemetry_track_success outer
        printenv TRACEPARENT
        """,
    )
    outer, inner = heard.all(OperationStarted)
    assert (outer.parent, inner.parent) == (SPAN, outer.op)
    spans = (SPAN, inner.op, outer.op, SPAN)
    assert heard.stdout.decode().split() == [f"00-{TRACE}-{span}-01" for span in spans]


def test_ends_out_of_order_leave_the_rest_open(listener: Listener, shell: str) -> None:
    """The outer one may end first; what begins then is still a child of the inner one."""
    heard = listener.run(
        shell,
        """
        telemetry_start_timer outer
        telemetry_start_timer inner
        telemetry_track_success outer
        printenv TRACEPARENT
        telemetry_start_timer next
        telemetry_track_success inner
        telemetry_track_success next
        printenv TRACEPARENT
        """,
    )
    outer, inner, following = heard.all(OperationStarted)
    assert following.parent == inner.op
    assert [one.op for one in heard.all(OperationEnded)] == [outer.op, inner.op, following.op]
    spans = (inner.op, SPAN)
    assert heard.stdout.decode().split() == [f"00-{TRACE}-{span}-01" for span in spans]


def test_the_innermost_of_a_name_is_meant(listener: Listener, shell: str) -> None:
    """Names that contain each other, or patterns, are different names."""
    heard = listener.run(
        shell,
        """
        telemetry_start_timer 'b*'
        telemetry_start_timer build
        telemetry_start_timer build
        telemetry_start_timer 'build 2'
        telemetry_track_success build
        telemetry_track_success 'b*'
        telemetry_track_success ''
        telemetry_track_success build
        """,
    )
    star, first, second, longer = (one.op for one in heard.all(OperationStarted))
    assert [one.op for one in heard.all(OperationEnded)] == [second, star, longer, first]


def test_what_was_never_started_is_told_by_its_name(listener: Listener, shell: str) -> None:
    """No id, and the parent that it would have had."""
    heard = listener.run(
        shell,
        """
        telemetry_start_timer outer
        telemetry_track_error ghost gone
        telemetry_track_info ghost hello
        telemetry_mark_changed ghost
        telemetry_track_success
        telemetry_track_success
        """,
    )
    outer = heard.one(OperationStarted)
    ghost, end = heard.all(OperationEnded)
    assert (ghost.op, ghost.name, ghost.parent, ghost.success) == ("", "ghost", outer.op, False)
    assert (heard.one(Event).op, heard.one(Event).name) == ("", "ghost")
    assert (heard.one(OperationChanged).op, heard.one(OperationChanged).name) == ("", "ghost")
    assert end.op == outer.op
    assert_undamaged(heard)


def test_a_step_is_its_command(listener: Listener, shell: str) -> None:
    """The command's status, its variables, its output; with or without the dashes."""
    heard = listener.run(
        shell,
        """
        set -u
        assign() { assigned="$1 and $#"; echo said; return 3; }
        telemetry_step one -- assign "two words" x; echo "status $?, $assigned"
        telemetry_step two sh -c 'exit 200'; echo "status $?"
        telemetry_step three -- cd /; pwd
        telemetry_step four -- true && echo fine
        telemetry_step; telemetry_step five; telemetry_step five --; echo "status $?"
        """,
    )
    assert heard.stdout.splitlines() == [
        b"said",
        b"status 3, two words and 2",
        b"status 200",
        b"/",
        b"fine",
        b"status 0",
    ]
    ends = [(end.name, end.success, end.exit_code) for end in heard.all(OperationEnded)]
    assert ends[:4] == [
        ("one", False, 3),
        ("two", False, 200),
        ("three", True, 0),
        ("four", True, 0),
    ]
    assert heard.all(OperationEnded)[0].message == "exit status 3"


def test_under_errexit_a_failing_step_ends_the_script(listener: Listener, shell: str) -> None:
    """A program's failure is recorded before; a function stops at its failing line as it would
    without us, and its operation is left to the end of the run."""
    program = listener.run(shell, "set -e\ntelemetry_step prog -- sh -c 'exit 3'\necho behind")
    assert (program.status, program.stdout) == (3, b"")
    assert program.one(OperationEnded).exit_code == 3
    function = "set -e\nf() { false; echo behind; }\n"
    bare = listener.run(shell, f"{function}f")
    step = listener.run(shell, f"{function}telemetry_step func -- f")
    assert (step.status, step.stdout) == (bare.status, b"") == (1, b"")
    assert step.one(OperationStarted).name == "func"
    guarded = listener.run(shell, f"{function}telemetry_step func -- f || echo caught")
    assert guarded.stdout == b"behind\n"
    assert guarded.one(OperationEnded).success


def test_retries_are_counted(listener: Listener, shell: str) -> None:
    """A warning for each attempt that failed; the end says how many there were and might be."""
    heard = listener.run(
        shell,
        """
        set -eu
        tries=0
        flaky() { tries=$((tries + 1)); [ "$tries" -ge 3 ] || return 7; }
        telemetry_retry 5 upload -- flaky
        echo "tries $tries"
        telemetry_retry 2 never -- sh -c 'exit 9' || echo "status $?"
        telemetry_retry nonsense once -- sh -c 'exit 4' || echo "status $?"
        telemetry_retry 3; telemetry_retry 3 nothing
        """,
    )
    assert heard.stdout == b"tries 3\nstatus 9\nstatus 4\n"
    ends = heard.all(OperationEnded)
    assert [(e.name, e.success, e.attempts, e.max_retries, e.exit_code) for e in ends] == [
        ("upload", True, 3, 4, 0),
        ("never", False, 2, 1, 9),
        ("once", False, 1, 0, 4),
    ]
    warnings = [one for one in heard.all(Event) if one.type == "warning"]
    assert [one.op for one in warnings] == [ends[i].op for i in (0, 0, 1, 1, 2)]
    assert warnings[1].message == "attempt 2 of 5: exit status 7"
    assert warnings[1].attributes == {"attempt": "2", "exit": "7"}


def test_retries_nest(listener: Listener, shell: str) -> None:
    """An attempt may hold steps and retries of its own."""
    heard = listener.run(
        shell,
        """
        inner() { telemetry_retry 2 inner -- false; }
        telemetry_retry 2 outer -- inner; echo "status $?"
        """,
    )
    assert heard.stdout == b"status 1\n"
    ends = [(one.name, one.attempts) for one in heard.all(OperationEnded)]
    assert ends == [("inner", 2), ("inner", 2), ("outer", 2)]


def test_output_is_marked_with_its_operation(listener: Listener, shell: str) -> None:
    """Both streams, nested, and behind the end the one around; the ends say so."""
    heard = listener.run(
        shell,
        """
        echo before
        telemetry_start_timer outer
        echo a; echo A >&2
        telemetry_start_timer inner
        echo b
        telemetry_track_success inner
        echo c; echo C >&2
        telemetry_track_success outer
        telemetry_step step -- echo d
        echo behind
        """,
    )
    outer, inner, step = (one.op for one in heard.all(OperationStarted))
    assert whose(heard.out) == [
        (OUTSIDE, b"before\n"),
        (outer, b"a\n"),
        (inner, b"b\n"),
        (outer, b"c\n"),
        (step, b"d\n"),
        (OUTSIDE, b"behind\n"),
    ]
    assert whose(heard.err) == [(outer, b"A\n"), (outer, b"C\n")]
    marks = [one.marks for one in heard.parsed if isinstance(one.record, OperationEnded)]
    assert marks == [(1, 2)] * 3


def test_a_redirected_output_is_not_marked(listener: Listener, shell: str) -> None:
    """What goes elsewhere holds what was printed and nothing else; the end says which were."""
    heard = listener.run(
        shell,
        """
        { telemetry_start_timer a; echo x; telemetry_track_success a; } >file
        { telemetry_start_timer b; echo y; telemetry_track_success b; } >file2 2>&1
        caught=$(telemetry_step c -- echo z); echo "$caught"
        exec 1>&-
        telemetry_start_timer d; telemetry_track_success d
        exec >&2 2>&-
        telemetry_start_timer e; telemetry_track_success e
        """,
    )
    assert (listener.folder / "file").read_bytes() == b"x\n"
    assert (listener.folder / "file2").read_bytes() == b"y\n"
    assert heard.stdout == b"z\n"
    marks = [one.marks for one in heard.parsed if isinstance(one.record, OperationEnded)]
    assert marks == [(2,), (), (2,), (2,), ()]
    assert heard.stderr == b""


def test_one_stream_gets_one_mark(listener: Listener, shell: str) -> None:
    """Where stdout and stderr are the same, a mark on stdout is enough."""
    out = listener.folder / "out"
    listener.env["CHAOS_OTEL_MARKS"] = f"5ca1ab1e:{out}:{out}"
    heard = listener.run(
        shell,
        """
        exec 2>&1
        telemetry_start_timer a; echo x; telemetry_track_success a
        telemetry_step b -- echo y
        """,
    )
    assert heard.out.count(b"\x1b_chaos:") == 4
    marks = [one.marks for one in heard.parsed if isinstance(one.record, OperationEnded)]
    assert marks == [(1,), (1,)]


def test_a_script_inside_an_operation_is_an_operation(listener: Listener, shell: str) -> None:
    """Its init begins one below the step that started it, its flush ends it; what it prints is its
    own, and behind it the step's again."""
    inner = listener.folder / "inner.sh"
    inner.write_text(
        f""". {LIBRARY}
        telemetry_init inner v2
        echo loud
        telemetry_step sub -- echo sub
        telemetry_flush
        echo bye
        """
    )
    command = " ".join(SHELLS[shell])
    heard = listener.run(
        shell,
        f"""
        telemetry_init outer
        telemetry_start_timer step
        {command} {inner}
        echo after
        telemetry_track_success step
        telemetry_flush
        """,
    )
    outer_init, inner_init = heard.all(RunNamed)
    step, sub = heard.all(OperationStarted)
    assert (step.parent, inner_init.parent, sub.parent) == (SPAN, step.op, inner_init.op)
    assert whose(heard.out) == [
        (inner_init.op, b"loud\n"),
        (sub.op, b"sub\n"),
        (step.op, b"bye\nafter\n"),
    ]
    assert [one.op for one in heard.all(Flushed)] == [inner_init.op, outer_init.op]
