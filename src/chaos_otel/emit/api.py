"""What a Python program can say about itself under `chaos-otel run`: `chaos_otel.operation` …

Each call appends a line to the inbox; outside of a run, or where that is gone, it does nothing.
Nothing in here raises into the program, prints or waits. Standard library only, and nothing of ours
but its neighbours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar

from chaos_otel.emit import lines, streams, surroundings

EventType: TypeAlias = Literal["success", "error", "warning", "info", "debug"]
Attributes: TypeAlias = Mapping[str, object]
_F = TypeVar("_F", bound=Callable[..., Any])

_TEXT_CHARACTERS = 1 << 20  # a reader takes a MiB at most
# words of the grammar: an attribute of that name gets an underscore behind it
_TAKEN = frozenset(
    ("attempts", "changed", "exit", "host", "marks", "max_retries", "parent", "exception.type")
)


class Operation:
    """An operation that is open, as `with operation(…) as this:` gives it.

    `id` is its span id, 16 hex digits; empty outside of a run, where every method does nothing.
    """

    __slots__ = ("_attributes", "_entered", "_has_changed", "_message", "_parent", "id", "name")

    def __init__(self, name: str) -> None:
        self.id = ""
        self.name = name
        self._attributes: dict[str, object] = {}
        self._entered: surroundings.Entered | None = None
        self._has_changed = False
        self._message: str | None = None
        self._parent = ""

    def changed(self) -> None:
        """It changed something on its host; said at once, so that it is known whatever follows."""
        if self.id and not self._has_changed:
            self._has_changed = True
            _say("C", self.id, _now(), "")

    def event(
        self, message: str, *, type: EventType = "info", attributes: Attributes | None = None
    ) -> None:
        """Something that happened in it."""
        if self.id:
            _event(self.id, message, type, attributes)

    def fail(self, message: str = "") -> None:
        """It has failed, although no exception says so; it goes on until its block ends."""
        self._message = message

    def attribute(self, key: str, value: object) -> None:
        """Something worth knowing about it, as text; the last value of a key wins."""
        self._attributes[key] = value

    def _begin(self, host: str, attributes: Attributes | None) -> None:
        if not os.environ.get("CHAOS_OTEL_INBOX"):
            return
        op, self._parent = _new_id(), surroundings.innermost()
        pairs = {**_pairs(attributes), "host": host or None}
        if not _say("S", op, _now(), self._parent, self.name, **pairs):
            return
        self.id = op
        self._entered = surroundings.enter(op)
        if surroundings.in_main_thread():
            streams.mark(op)

    def _end(self, error: BaseException | None) -> None:
        if self._entered is None:
            return
        surroundings.leave(self._entered)
        self._entered = None
        marked = streams.mark(self._parent) if surroundings.in_main_thread() else ""
        pairs = {**_pairs(self._attributes), "marks": marked or None}
        message = self._message
        if error is not None and not _is_clean_exit(error):
            pairs["exception.type"] = type(error).__qualname__
            message = _in_words(error)
        result = "ok" if message is None else "fail"
        _say("E", self.id, _now(), self.name, result, message or "", **pairs)


class operation:
    """An operation of the run: a block (`with operation("copy") as this:`) or, as a decorator, each
    call of a function or coroutine function.

    `host` is what it works on, this machine if empty. The operation has failed if its body raises;
    the exception goes on. What it is a child of: the operation around it in the same thread or
    task. A generator function cannot be decorated (TypeError): what it does is done by its caller.
    """

    def __init__(self, name: str, *, host: str = "", attributes: Attributes | None = None) -> None:
        self._name = name
        self._host = host
        self._attributes = attributes
        self._open: list[Operation] = []

    def __enter__(self) -> Operation:
        this = Operation(self._name)
        this._begin(self._host, self._attributes)
        self._open.append(this)
        return this

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.pop()._end(error)

    def __call__(self, function: _F) -> _F:
        import functools  # only decorators need these, and inspect is slow to import
        import inspect

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function!r} is a generator: use `with operation(…)` in its caller")

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._another():
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            with self._another():
                return await function(*args, **kwargs)

        made: Any = call_async if inspect.iscoroutinefunction(function) else call
        return made  # type: ignore[no-any-return]

    def _another(self) -> operation:
        return operation(self._name, host=self._host, attributes=self._attributes)


def event(message: str, *, type: EventType = "info", attributes: Attributes | None = None) -> None:
    """Something that happened in the innermost open operation or, outside of any, in the run."""
    _event(surroundings.innermost(), message, type, attributes)


def metric(name: str, value: float, *, attributes: Attributes | None = None) -> None:
    """A measured value; the last one of a name (and its attributes) is kept."""
    _say("M", _now(), name, value, **_pairs(attributes))


def tag(key: str, value: object) -> None:
    """A word about the whole run; the last value of a key is kept."""
    _say("T", _now(), key, value)


def _event(op: str, message: str, type: str, attributes: Attributes | None) -> None:
    _say("V", op, _now(), type, "", message, **_pairs(attributes))


def _say(kind: str, /, *fields: object, **pairs: object) -> bool:
    inbox = os.environ.get("CHAOS_OTEL_INBOX")
    if not inbox:
        return False
    try:
        texts = [_text(field) for field in fields]
        said = {key: _text(value) for key, value in pairs.items() if value is not None}
        return lines.append(inbox, lines.encode(kind, *texts, **said))
    except Exception:  # the edge: a value whose text cannot be had costs its line
        return False


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    text = value if isinstance(value, str) else str(value)
    left_out = len(text) - _TEXT_CHARACTERS
    return text if left_out <= 0 else f"{text[:_TEXT_CHARACTERS]} [cut: {left_out} characters]"


def _pairs(attributes: Attributes | None) -> dict[str, object]:
    if not attributes:
        return {}
    words = ((str(key).replace("=", "_") or "_", value) for key, value in attributes.items())
    return {f"{key}_" if key in _TAKEN else key: value for key, value in words}


def _is_clean_exit(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and error.code in (None, 0)


def _in_words(error: BaseException) -> str:
    try:
        words = str(error)
    except Exception:  # the edge: an exception's text is the program's
        words = ""
    name = type(error).__qualname__
    return f"{name}: {words}" if words else name


def _new_id() -> str:
    value = os.urandom(8).hex()
    return value if value.strip("0") else _new_id()


def _now() -> str:
    return lines.stamp(time.time_ns(), time.monotonic_ns())
