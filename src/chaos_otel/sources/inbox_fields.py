"""From the fields of one inbox payload to its record: one small function a kind.

The field table of `docs/journal-format.md` in code. Knows nothing of lines, lengths and pieces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from chaos_otel.clock import Moment
from chaos_otel.records import (
    Event,
    EventType,
    Flushed,
    Hooked,
    Interrupted,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Output,
    Record,
    RunNamed,
    Sample,
    Tag,
)
from chaos_otel.sources.inbox_span import foreign_span

When = Callable[[str], Moment]
Fields = list[str]
Pairs = dict[str, str]

_ID = re.compile(r"[0-9a-f]{16}")
_NONE = "0" * 16
_EVENT_TYPES: Final[dict[str, EventType]] = {
    "success": "success",
    "error": "error",
    "warning": "warning",
    "info": "info",
    "debug": "debug",
}
_STREAMS = {"1": (1,), "2": (2,), "12": (1, 2), "21": (1, 2)}
_SMALL_NUMBER = re.compile(r"[0-9]{1,9}")


class NotARecord(ValueError):
    """The payload does not fit the grammar; the message says where."""


def record(fields: Fields, when: When) -> tuple[Record, tuple[int, ...]]:
    """The record of a payload's fields, and the streams whose marks it has to wait for.

    Raises NotARecord. `when` turns a TIME field into a moment.
    """
    kind = _KINDS.get(fields[0])
    if kind is None:
        raise NotARecord("unknown kind")
    least, most, read = kind
    if len(fields) < least:
        raise NotARecord("too few fields")
    pairs = _pairs(fields[most:]) if len(fields) > most else {}
    if len(fields) < most:
        fields = fields + [""] * (most - len(fields))
    return read(fields, pairs, when)


def _init(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    return (
        RunNamed(
            wall_ns=at[0],
            mono_ns=at[1],
            op=_id(f[1]),
            name=f[3],
            version=f[4],
            parent=_parent(f[5]),
        ),
        (),
    )


def _started(f: Fields, pairs: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    op = _id(f[1])
    if not op:
        raise NotARecord("an operation without an id")
    host = pairs.pop("host", "") if pairs else ""
    return (
        OperationStarted(
            wall_ns=at[0],
            mono_ns=at[1],
            op=op,
            parent=_parent(f[3]),
            name=f[4],
            host=host,
            attributes=pairs,
        ),
        (),
    )


def _ended(f: Fields, pairs: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    if f[4] not in ("ok", "fail"):
        raise NotARecord("unknown result")
    if not (f[1] or f[3]):
        raise NotARecord("an end of nothing")
    if not pairs:
        return _plain_end(f, at), ()
    marks = _STREAMS.get(pairs.pop("marks", ""), ())
    if not pairs:
        return _plain_end(f, at), marks
    ended = OperationEnded(
        wall_ns=at[0],
        mono_ns=at[1],
        op=_id(f[1]),
        name=f[3],
        success=f[4] == "ok",
        message=f[5],
        parent=_parent(pairs.pop("parent", "")),
        changed=pairs.pop("changed", "") in ("1", "true"),
        exit_code=_number(pairs, "exit"),
        attempts=_number(pairs, "attempts") or 1,
        max_retries=_number(pairs, "max_retries") or 0,
        host=pairs.pop("host", ""),
        counted=pairs.pop("counted", "") != "0",
        attributes=pairs,
    )
    return ended, marks


def _plain_end(f: Fields, at: Moment) -> Record:
    return OperationEnded(
        wall_ns=at[0],
        mono_ns=at[1],
        op=_id(f[1]),
        name=f[3],
        success=f[4] == "ok",
        message=f[5],
    )


def _changed(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    return OperationChanged(wall_ns=at[0], mono_ns=at[1], op=_id(f[1]), name=f[3]), ()


def _event(f: Fields, pairs: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    event_type = _EVENT_TYPES.get(f[3])
    if event_type is None:
        raise NotARecord("unknown event type")
    return (
        Event(
            wall_ns=at[0],
            mono_ns=at[1],
            op=_id(f[1]),
            type=event_type,
            name=f[4],
            message=f[5],
            attributes=pairs,
        ),
        (),
    )


def _metric(f: Fields, pairs: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[1])
    value = _finite(f[3].strip())
    if value is None:
        raise NotARecord("a metric's value is not a finite number")
    return Metric(wall_ns=at[0], mono_ns=at[1], name=f[2], value=value, attributes=pairs), ()


def _foreign(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    span_id = _id(f[1])
    if not span_id:
        raise NotARecord("a span without an id")
    try:
        return foreign_span(f[4], span_id=span_id, name=f[3], at=at), ()
    except ValueError as fault:
        raise NotARecord(str(fault)) from fault


def _tag(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[1])
    return Tag(wall_ns=at[0], mono_ns=at[1], key=f[2], value=f[3]), ()


def _sample(f: Fields, pairs: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[1])
    cpu_s = _finite(pairs.get("cpu_s", "0"))
    memory_bytes = _finite(pairs.get("memory_bytes", "0"))
    processes = _finite(pairs.get("processes", "0"))
    if cpu_s is None or memory_bytes is None or processes is None:
        raise NotARecord("a sample's value is not a finite number")
    return (
        Sample(
            wall_ns=at[0],
            mono_ns=at[1],
            cpu_s=cpu_s,
            memory_bytes=int(memory_bytes),
            processes=int(processes),
        ),
        (),
    )


def _flushed(f: Fields, pairs: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    marks = _STREAMS.get(pairs.get("marks", ""), ())
    return Flushed(wall_ns=at[0], mono_ns=at[1], op=_id(f[1])), marks


def _printed(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[2])
    op = _id(f[1])
    if not op or f[3] not in ("1", "2"):
        raise NotARecord("output of no operation or stream")
    return Output(
        wall_ns=at[0], mono_ns=at[1], op=op, stream=1 if f[3] == "1" else 2, text=f[4]
    ), ()


def _hooked(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[1])
    return Hooked(wall_ns=at[0], mono_ns=at[1], tool=f[2]), ()


def _interrupted(f: Fields, _: Pairs, when: When) -> tuple[Record, tuple[int, ...]]:
    at = when(f[1])
    return Interrupted(wall_ns=at[0], mono_ns=at[1], reason=f[2]), ()


# kind → the fewest fields (its letter is one), the number before the k=v fields, and its reader
_KINDS: Final[
    dict[str, tuple[int, int, Callable[[Fields, Pairs, When], tuple[Record, tuple[int, ...]]]]]
] = {
    "I": (4, 6, _init),
    "S": (5, 5, _started),
    "E": (5, 6, _ended),
    "C": (4, 4, _changed),
    "V": (5, 6, _event),
    "M": (4, 4, _metric),
    "O": (5, 5, _foreign),
    "T": (4, 4, _tag),
    "R": (2, 2, _sample),
    "F": (2, 3, _flushed),
    "X": (5, 5, _printed),
    "H": (3, 3, _hooked),
    "Q": (3, 3, _interrupted),
}


def _id(field: str) -> str:
    if not field or field == _NONE:
        return ""
    if _ID.fullmatch(field) is None:
        raise NotARecord("not an operation's id")
    return field


def _parent(field: str) -> str:
    """A parent that is no id costs the line nothing but its place in the tree."""
    return field if field != _NONE and _ID.fullmatch(field) else ""


def _pairs(fields: Fields) -> Pairs:
    split = (field.partition("=") for field in fields)
    return {key: value for key, equals, value in split if key and equals}


def _number(pairs: Pairs, key: str) -> int | None:
    """Take a small whole number out of the pairs; what is none stays as an attribute."""
    if _SMALL_NUMBER.fullmatch(pairs.get(key, "")) is None:
        return None
    return int(pairs.pop(key))


def _finite(text: str) -> float | None:
    try:
        value = float(text.replace(",", ".", 1))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
