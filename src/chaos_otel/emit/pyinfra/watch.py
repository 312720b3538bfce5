"""Runs inside pyinfra: tells the inbox of every operation on every host.

Loaded by path into pyinfra's own Python (3.8 or later, where nothing of ours can be imported). It
wraps no function, because a frame of ours would stand in pyinfra's tracebacks: it watches four
attributes that pyinfra 3.0 to 3.10 sets at the right moments. Nothing here raises into the deploy,
prints, or keeps a descriptor, and what it remembers is what is running.
"""

from __future__ import annotations

import os
import signal
import time
import types
from collections.abc import Callable
from typing import Any

_WATCHED = "_chaos_otel_watched"


def hook(api: Any, inbox: str, *, state: Any = None) -> None:
    """Watch pyinfra, whose package `pyinfra.api` is `api`, and tell the run so. Once is enough.

    `state` is that of a deploy that has begun already.
    """
    if hasattr(api, _WATCHED):
        return
    setattr(api, _WATCHED, True)
    watch = _Watch(inbox, api.BaseStateCallback)
    for name in ("executing_op_hash", "nested_executing_op_hash"):
        _watch_attribute(api.Host, name, watch.executing)
    _watch_attribute(api.State, "initialised", watch.initialised)
    _watch_attribute(api.State, "current_stage", watch.stage)
    watch.tell("H", _now(), "pyinfra")
    if state is not None:
        watch.initialised(state, True)


class _Attribute:
    """Stands for an attribute of a class and is told of every value that it is given."""

    def __init__(self, name: str, default: Any, told: Callable[[Any, Any], None]) -> None:
        self._name = name
        self._default = default
        self._told = told

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        values = {} if instance is None else instance.__dict__
        return values.get(self._name, self._default)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._name] = value
        try:
            self._told(instance, value)
        except Exception:  # the edge: the deploy comes first
            pass


def _watch_attribute(owner: type, name: str, told: Callable[[Any, Any], None]) -> None:
    setattr(owner, name, _Attribute(name, getattr(owner, name), told))


class _Operation:
    """One that runs. `data` is pyinfra's own, complete when it has ended."""

    __slots__ = ("data", "hash", "id", "name")

    def __init__(self, op_hash: str, data: Any) -> None:
        self.hash = op_hash
        self.name = ""
        self.data = data
        self.id = os.urandom(8).hex()


class _Watch:
    """Knows which operations run on each host, innermost last."""

    def __init__(self, inbox: str, base: type) -> None:
        self._inbox = inbox
        self._handler = _handler(base, self)
        self._running: dict[Any, list[_Operation]] = {}
        self._lines = _load("../lines.py")
        self._facts = _load("facts.py")
        self._around = os.environ.get("TRACEPARENT", "").split("-")[2:3]  # a step of a script

    def tell(self, kind: str, *fields: Any, **pairs: Any) -> None:
        """Append a record."""
        self._lines.append(self._inbox, self._lines.encode(kind, *fields, **pairs))

    def executing(self, host: Any, op_hash: str | None) -> None:
        """pyinfra sets the hash in front of an operation, and None when it is done with it, in
        whatever way: then the exception, if that was the way, is on its way through."""
        if op_hash is not None:
            self._started(host, op_hash)
        elif host in self._running:
            self._ended(host)

    def initialised(self, state: Any, value: bool) -> None:
        """A deploy begins: pyinfra knows its hosts."""
        if value:
            state.add_callback_handler(self._handler)
            self._listen_to_interrupts()

    def stage(self, state: Any, stage: Any) -> None:
        """After all operations, in front of its recap, where an operation that never began on a
        host counts as an error: the host had failed before."""
        if getattr(stage, "name", "") != "Disconnect":
            return
        for host in list(state.activated_hosts):
            for op_hash, data in state.ops[host].items():
                if data.operation_meta._success is None:
                    self._never_ran(state, host, op_hash, data)

    def not_connected(self, host: Any, error: Any) -> None:
        """A host that pyinfra leaves out from now on, also in its recap."""
        message = f"cannot connect to {host.name}: {error}"
        self.tell("V", "", _now(), "error", "", message, **{"server.address": host.name})

    def retrying(self, host: Any, attempt: Any, most: Any) -> None:
        """The innermost operation of a host is tried again."""
        operation = self._running[host][-1]
        self.tell("V", operation.id, _now(), "warning", "", f"retry {attempt} of {most}")

    def _started(self, host: Any, op_hash: str) -> None:
        operation = _Operation(op_hash, host.state.ops[host][op_hash])
        around = self._running.setdefault(host, [])
        around.append(operation)
        data = operation.data
        operation.name = self._facts.name(host.state.op_meta[op_hash].names, data)
        parents = [one.id for one in around[:-1] if one.hash == data.parent_op_hash]
        parents = parents or self._around
        self.tell(
            "S", operation.id, _now(), parents[-1] if parents else "", operation.name,
            host=host.name, **{"pyinfra.hash": op_hash}, **self._facts.call(data),
        )  # fmt: skip

    def _ended(self, host: Any) -> None:
        around = self._running[host]
        operation = around.pop()
        if not around:
            del self._running[host]
        now = _now()  # before the texts are put together
        encode = self._lines.encode
        told = b""
        for stream, text in self._facts.outputs(operation.data):
            told += encode("X", operation.id, now, stream, text)
        result = self._facts.result(operation.data)
        told += encode(
            "E", operation.id, now, operation.name, "ok" if result["ok"] else "fail",
            result["message"], host=host.name, **result["pairs"],
        )  # fmt: skip
        self._lines.append(self._inbox, told)

    def _never_ran(self, state: Any, host: Any, op_hash: str, data: Any) -> None:
        name = self._facts.name(state.op_meta[op_hash].names, data)
        message = "not run: an earlier operation failed on this host"
        pairs = {"host": host.name, "pyinfra.hash": op_hash}
        self.tell("E", os.urandom(8).hex(), _now(), name, "fail", message, **pairs)

    def _listen_to_interrupts(self) -> None:
        """pyinfra's own handler leaves with status 0."""
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler) or hasattr(handler, _WATCHED):
            return

        def interrupted(signum: int, frame: Any) -> Any:
            try:
                self.tell("Q", _now(), "interrupted by Ctrl-C")
            except Exception:  # the edge: the deploy comes first
                pass
            return handler(signum, frame)

        setattr(interrupted, _WATCHED, True)
        signal.signal(signal.SIGINT, interrupted)


def _handler(base: type, watch: _Watch) -> Any:
    """What pyinfra itself calls back, for the two things that no attribute says."""

    def host_connect_error(state: Any, host: Any, error: Any, *_: Any) -> None:
        try:
            watch.not_connected(host, error)
        except Exception:  # the edge: the deploy comes first
            pass

    def operation_host_retry(state: Any, host: Any, op_hash: str, *numbers: Any) -> None:
        try:
            watch.retrying(host, *numbers[:2])
        except Exception:  # the edge: the deploy comes first
            pass

    called = {
        "host_connect_error": staticmethod(host_connect_error),
        "operation_host_retry": staticmethod(operation_host_retry),
    }
    return type("ChaosOtelCallback", (base,), called)()


def _now() -> str:
    wall_ns, mono_ns = time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return f"{wall_ns // 10**9}.{wall_ns % 10**9:09d}@{mono_ns // 10**9}.{mono_ns % 10**9:09d}"


def _load(name: str) -> Any:
    """A module of ours by its path: nothing is imported, nothing is left in `sys.modules`."""
    path = os.path.join(os.path.dirname(__file__), name)
    module = types.ModuleType("_chaos_otel_" + os.path.basename(name)[:-3])
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)
    return module
