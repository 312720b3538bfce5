"""The hook for pyinfra by itself: it forgets what has ended, and nothing of it reaches the deploy.

What it does inside real pyinfra is in tests/e2e/test_pyinfra.py.
"""

from __future__ import annotations

import gc
import runpy
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaos_otel import clock, emit
from chaos_otel.records import OperationEnded, OperationStarted, Output, Record
from chaos_otel.sources.inbox import InboxDecoder

WATCH = Path(emit.__path__[0]) / "pyinfra" / "watch.py"
OPERATIONS = 10_000


class Deploy:
    """The parts of pyinfra that the hook looks at, and an inbox."""

    def __init__(self, inbox: Path) -> None:
        class State:
            initialised = False
            current_stage: Any = None

        class Host:
            executing_op_hash: str | None = None
            nested_executing_op_hash: str | None = None

        api = SimpleNamespace(State=State, Host=Host, BaseStateCallback=object)
        runpy.run_path(str(WATCH))["hook"](api, str(inbox))
        self.inbox = inbox
        self.state: Any
        self.host: Any
        self.state, self.host = State(), Host()
        self.host.name, self.host.state = "@local", self.state
        self.state.ops, self.state.op_meta = {self.host: {}}, {}
        self.state.activated_hosts = {self.host}

    def add(self, op_hash: str, **meta: Any) -> None:
        """An operation that is about to run."""
        known = {"_success": True, "_commands": [1], "stdout_lines": ["out"], "stderr_lines": []}
        self.state.op_meta[op_hash] = SimpleNamespace(names={"Name"})
        self.state.ops[self.host][op_hash] = SimpleNamespace(
            operation_meta=SimpleNamespace(**known | meta),
            global_arguments={},
            command_generator=generator(),
            parent_op_hash=None,
        )

    def records(self) -> list[Record]:
        """What the inbox says."""
        decoder = InboxDecoder(clock.now, since_mono_ns=0)
        return [one.record for one in decoder.feed(self.inbox.read_bytes()) + decoder.finish()]


def generator() -> Any:
    """What pyinfra keeps of a call, its values in the closure."""
    func, args, kwargs = generator, (), {"password": "x"}
    return lambda: func(*args, **kwargs)


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deploy]:
    """A deploy whose inbox is there."""
    (tmp_path / "inbox").touch()
    yield Deploy(tmp_path / "inbox")


def test_an_operation_is_told_as_it_begins_and_ends(deploy: Deploy) -> None:
    """Start, output, end: one id."""
    deploy.add("h")
    deploy.host.executing_op_hash = "h"
    assert deploy.host.executing_op_hash == "h"
    deploy.host.executing_op_hash = None
    _, started, printed, ended = deploy.records()
    assert isinstance(started, OperationStarted) and isinstance(printed, Output)
    assert isinstance(ended, OperationEnded)
    assert started.op == printed.op == ended.op
    assert (started.host, printed.text, ended.success, ended.changed) == (
        "@local",
        "out",
        True,
        True,
    )


def test_memory_does_not_grow_with_operations(deploy: Deploy) -> None:
    """Ten thousand of them leave nothing behind."""
    deploy.add("h")

    def run(count: int) -> int:
        for _ in range(count):
            deploy.host.executing_op_hash = "h"
            deploy.host.executing_op_hash = None
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before, after = run(100), run(OPERATIONS)
    finally:
        tracemalloc.stop()
    assert after - before < 10_000


def test_three_levels_end_in_their_order(deploy: Deploy) -> None:
    """pyinfra forgets the middle one: it has two variables, and clears the outer one twice."""
    for op_hash in ("outer", "middle", "inner"):
        deploy.add(op_hash, stdout_lines=[])
    host = deploy.host
    host.executing_op_hash = "outer"
    host.nested_executing_op_hash = "middle"
    host.nested_executing_op_hash = "inner"
    host.nested_executing_op_hash = None
    host.executing_op_hash = None
    host.executing_op_hash = None
    records = deploy.records()[1:]
    started = [one.op for one in records if isinstance(one, OperationStarted)]
    ended = [one.op for one in records if isinstance(one, OperationEnded)]
    assert ended == started[::-1] and len(ended) == 3


@pytest.mark.parametrize("damage", ["no such inbox", "no such operation", "half a result"])
def test_nothing_reaches_the_deploy(deploy: Deploy, damage: str) -> None:
    """Whatever of pyinfra's inside is not as we know it."""
    if damage == "no such inbox":
        deploy.inbox.unlink()
    if damage != "no such operation":
        deploy.add("h")
    if damage == "half a result":
        del deploy.state.ops[deploy.host]["h"].operation_meta.stdout_lines
    for value in ("h", None, None):
        deploy.host.executing_op_hash = value
        assert deploy.host.executing_op_hash == value
    deploy.state.initialised = True
    deploy.state.current_stage = SimpleNamespace(name="Disconnect")
    assert deploy.state.initialised is True
    assert not deploy.inbox.exists() or damage != "no such inbox"
