"""What the Python API appends to the inbox, in threads, tasks and out of a run."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chaos_otel
from chaos_otel.clock import now
from chaos_otel.records import (
    Event,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Record,
    Tag,
)
from chaos_otel.sources.inbox import InboxDecoder

PROCESS = "00f067aa0ba902b7"
TRACE = f"00-4bf92f3577b34da6a3ce929d0e0e4736-{PROCESS}-01"


class Inbox:
    """An inbox of the test's own, read whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def records(self) -> list[Record]:
        decoder = InboxDecoder(now, since_mono_ns=0)
        return [one.record for one in decoder.feed(self.path.read_bytes())]

    def of(self, kind: type[Any]) -> list[Any]:
        return [record for record in self.records() if isinstance(record, kind)]

    def starts(self) -> dict[str, OperationStarted]:
        return {one.name: one for one in self.of(OperationStarted)}

    def ends(self) -> dict[str, OperationEnded]:
        return {one.name: one for one in self.of(OperationEnded)}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """Be inside of a run."""
    made = Inbox(tmp_path / "run.inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOS_OTEL_INBOX", str(made.path))
        patch.setenv("TRACEPARENT", TRACE)
        yield made


def test_a_block_is_an_operation_with_its_host_attributes_and_change(inbox: Inbox) -> None:
    """One start, one end, the same id; times that go forward."""
    with chaos_otel.operation("copy", host="web-1", attributes={"size": 3}) as this:
        this.changed()
        this.changed()
        this.attribute("path", "/srv")
        this.attribute("exit", "a word of the grammar")
    started, changed, ended = inbox.records()
    assert isinstance(started, OperationStarted)
    assert isinstance(changed, OperationChanged)
    assert isinstance(ended, OperationEnded)
    assert started.op == changed.op == ended.op == this.id
    assert (started.name, started.host, started.parent) == ("copy", "web-1", PROCESS)
    assert started.attributes == {"size": "3"}
    assert (ended.success, ended.exit_code) == (True, None)
    assert ended.attributes == {"path": "/srv", "exit_": "a word of the grammar"}
    assert started.mono_ns <= changed.mono_ns <= ended.mono_ns


def test_an_exception_fails_the_operation_and_goes_on(inbox: Inbox) -> None:
    """Its type and its message are kept, the exception itself is the very one."""
    error = ValueError("no such host")
    with pytest.raises(ValueError) as raised, chaos_otel.operation("connect"):
        raise error
    assert raised.value is error
    ended = inbox.ends()["connect"]
    assert (ended.success, ended.message) == (False, "ValueError: no such host")
    assert ended.attributes == {"exception.type": "ValueError"}


@pytest.mark.parametrize(("code", "success"), [(0, True), (None, True), (1, False), ("no", False)])
def test_leaving_the_program_fails_the_operation_only_with_a_status(
    inbox: Inbox, code: object, success: bool
) -> None:
    """`sys.exit()` in a block is how many programs end well."""
    with pytest.raises(SystemExit), chaos_otel.operation("all"):
        sys.exit(code)  # type: ignore[arg-type]
    assert inbox.ends()["all"].success is success


def test_an_operation_can_fail_without_an_exception(inbox: Inbox) -> None:
    """`fail` says so, and why."""
    with chaos_otel.operation("check") as this:
        this.fail("3 of 5 hosts answer")
    ended = inbox.ends()["check"]
    assert (ended.success, ended.message) == (False, "3 of 5 hosts answer")


def test_an_exception_without_words_disturbs_nothing(inbox: Inbox) -> None:
    """Its text is the program's own code, and may raise."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this")

    with pytest.raises(Mute), chaos_otel.operation("quiet"):
        raise Mute
    assert inbox.ends()["quiet"].message.endswith("Mute")


def test_what_has_no_text_costs_only_its_line(inbox: Inbox) -> None:
    """Nothing is raised into the program, whatever it passes."""

    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no")

    chaos_otel.tag("key", Mute())
    chaos_otel.event("ok", attributes={"kind": "a", "message": "b", "x=y": "c"})
    (event,) = inbox.records()
    assert isinstance(event, Event)
    assert event.attributes == {"kind": "a", "message": "b", "x_y": "c"}


def test_events_metrics_and_tags(inbox: Inbox) -> None:
    """An event belongs to the innermost operation, or to what started the program."""
    chaos_otel.event("begin")
    with chaos_otel.operation("copy") as this:
        chaos_otel.event("half", type="warning", attributes={"percent": 50})
        this.event("done", type="success")
    chaos_otel.metric("files", 3)
    chaos_otel.tag("region", "eu")
    events = [(one.op, one.type, one.message) for one in inbox.of(Event)]
    assert events == [
        (PROCESS, "info", "begin"),
        (this.id, "warning", "half"),
        (this.id, "success", "done"),
    ]
    assert inbox.of(Event)[1].attributes == {"percent": "50"}
    assert [(one.name, one.value) for one in inbox.of(Metric)] == [("files", 3.0)]
    assert [(one.key, one.value) for one in inbox.of(Tag)] == [("region", "eu")]


def test_operations_nest_and_so_does_the_environment(inbox: Inbox) -> None:
    """A program that is started inside of an operation is its child; afterwards all is as it
    was."""
    seen = []
    with chaos_otel.operation("outer") as outer:
        with chaos_otel.operation("inner") as inner:
            seen.append(os.environ["TRACEPARENT"])
            seen.append(os.environ["CHAOS_OTEL_OPERATION"])
        seen.append(os.environ["TRACEPARENT"])
    assert seen == [TRACE.replace(PROCESS, inner.id), inner.id, TRACE.replace(PROCESS, outer.id)]
    assert os.environ["TRACEPARENT"] == TRACE
    assert "CHAOS_OTEL_OPERATION" not in os.environ
    assert inbox.starts()["inner"].parent == outer.id


def test_what_the_program_sets_itself_stays(inbox: Inbox) -> None:
    """A TRACEPARENT of the program's own is not taken back."""
    with chaos_otel.operation("outer"):
        os.environ["TRACEPARENT"] = other = TRACE.replace(PROCESS, "a" * 16)
    assert os.environ["TRACEPARENT"] == other


def test_each_task_has_its_own_parent(inbox: Inbox) -> None:
    """Tasks that run in turns inside of one operation are its children, and their own children's
    parents; the environment, which they share, is left alone."""

    async def one(number: int) -> None:
        with chaos_otel.operation(f"task {number}"):
            await asyncio.sleep(0.001)
            with chaos_otel.operation(f"step {number}"):
                await asyncio.sleep(0.001)
            assert os.environ["TRACEPARENT"] == TRACE

    async def main() -> None:
        with chaos_otel.operation("all"):
            await asyncio.gather(*map(one, range(20)))

    asyncio.run(main())
    starts = inbox.starts()
    for number in range(20):
        assert starts[f"task {number}"].parent == starts["all"].op
        assert starts[f"step {number}"].parent == starts[f"task {number}"].op


def test_each_thread_has_its_own_parent(inbox: Inbox) -> None:
    """Threads started inside of the main thread's operation are its children, never each
    other's."""

    def one(number: int) -> None:
        with chaos_otel.operation(f"thread {number}"):
            barrier.wait(60)
            with chaos_otel.operation(f"step {number}"):
                barrier.wait(60)

    barrier = threading.Barrier(8)
    with chaos_otel.operation("all"), ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    starts = inbox.starts()
    for number in range(8):
        assert starts[f"thread {number}"].parent == starts["all"].op
        assert starts[f"step {number}"].parent == starts[f"thread {number}"].op
    assert len({one.op for one in starts.values()}) == 17


def test_a_task_that_outlives_its_parent_keeps_it(inbox: Inbox) -> None:
    """What a task was started in is what its operations are children of."""

    async def late(go: asyncio.Event) -> None:
        await go.wait()
        with chaos_otel.operation("late"):
            pass

    async def main() -> None:
        go = asyncio.Event()
        with chaos_otel.operation("starter"):
            task = asyncio.create_task(late(go))
            await asyncio.sleep(0)
        go.set()
        await task

    asyncio.run(main())
    assert inbox.starts()["late"].parent == inbox.starts()["starter"].op


def test_a_decorated_function_is_an_operation_at_each_call(inbox: Inbox) -> None:
    """Value, name and exceptions are the function's; calls inside of one another nest."""

    @chaos_otel.operation("count down")
    def count_down(number: int) -> int:
        """Its own words."""
        return count_down(number - 1) + 1 if number else 0

    assert count_down(3) == 3
    assert (count_down.__name__, count_down.__doc__) == ("count_down", "Its own words.")
    starts = inbox.of(OperationStarted)
    assert [one.parent for one in starts] == [PROCESS, *(one.op for one in starts[:-1])]
    assert len(inbox.of(OperationEnded)) == 4


def test_a_decorated_coroutine_function_is_an_operation_until_it_is_awaited(inbox: Inbox) -> None:
    """It lasts as long as the coroutine does, and several at a time keep apart."""

    @chaos_otel.operation("fetch")
    async def fetch(fails: bool) -> str:
        await asyncio.sleep(0.001)
        if fails:
            raise OSError("gone")
        return "got"

    async def main() -> list[object]:
        return await asyncio.gather(*(fetch(bool(n % 2)) for n in range(6)), return_exceptions=True)

    results = asyncio.run(main())
    assert [isinstance(one, OSError) for one in results] == [False, True] * 3
    ends = inbox.of(OperationEnded)
    assert sorted(one.message for one in ends) == ["", "", "", *["OSError: gone"] * 3]
    assert {one.parent for one in inbox.of(OperationStarted)} == {PROCESS}


def test_a_generator_function_is_refused_where_it_is_decorated() -> None:
    """It would be over before its first value: a block in its caller says what is meant."""

    def numbers() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="with operation"):
        chaos_otel.operation("numbers")(numbers)


@pytest.mark.parametrize("variable", [None, "", "/nowhere/inbox"])
def test_outside_of_a_run_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    """No id, no change of the environment, and the body's own result and exception."""
    monkeypatch.setenv("TRACEPARENT", TRACE)
    if variable is not None:
        monkeypatch.setenv("CHAOS_OTEL_INBOX", variable)
    with chaos_otel.operation("copy") as this:
        this.changed()
        this.event("x")
        this.fail("y")
        this.attribute("k", 1)
        assert os.environ["TRACEPARENT"] == TRACE
    with pytest.raises(KeyError), chaos_otel.operation("copy"):
        raise KeyError
    chaos_otel.event("x")
    chaos_otel.metric("m", 1)
    chaos_otel.tag("k", "v")
    assert this.id == ""


def test_a_forked_child_goes_on_in_the_operation(inbox: Inbox) -> None:
    """What it begins is a child of the operation that it was forked in."""
    program = (
        "import os, chaos_otel\n"
        "with chaos_otel.operation('parent'):\n"
        "    if not os.fork():\n"
        "        with chaos_otel.operation('forked'): pass\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    starts = inbox.starts()
    assert starts["forked"].parent == starts["parent"].op


@given(
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(max_size=9)),
)
def test_any_names_and_attributes_arrive(
    tmp_path_factory: pytest.TempPathFactory, name: str, attributes: dict[str, str]
) -> None:
    """Whatever the text: one start and one end, the name as it was."""
    inbox = Inbox(tmp_path_factory.mktemp("inbox") / "run.inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOS_OTEL_INBOX", str(inbox.path))
        with chaos_otel.operation(name, attributes=attributes) as this:
            pass
    started, ended = inbox.records()
    assert isinstance(started, OperationStarted)
    assert isinstance(ended, OperationEnded)
    assert (started.op, ended.op, started.name, ended.name) == (this.id, this.id, name, name)
    assert len(started.attributes) <= len(attributes)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """The package gives out what `__all__` lists and nothing else, and lists it sorted."""
    with pytest.raises(AttributeError, match="no attribute 'span'"):
        _ = chaos_otel.span  # type: ignore[attr-defined]
    for name in chaos_otel.__all__:
        assert getattr(chaos_otel, name) is not None
        assert name in dir(chaos_otel)


def test_importing_the_package_loads_nothing() -> None:
    """The command's start imports it, too; what a program needs comes when it is asked for."""
    program = (
        "import sys\nbefore = set(sys.modules)\nimport chaos_otel\n"
        "print(*set(sys.modules) - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(Path(chaos_otel.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["chaos_otel"]
