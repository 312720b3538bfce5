"""The JSON of an `O` line: all of a foreign span but its id, its name and when it ended.

Every key is optional and every value is dirty: what does not fit is left out or becomes text,
so that what comes out can be written and read again. Knows nothing of lines and times.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, cast

from chaos_otel.clock import Moment
from chaos_otel.records import ForeignSpan, SpanEvent, SpanKind, SpanStatus, Value

ATTRIBUTES_MAX: Final = 128
EVENTS_MAX: Final = 64
ITEMS_MAX: Final = 128
_INTEGER_MAX: Final = (1 << 63) - 1
_KINDS: Final = ("internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")
_HEX = re.compile(r"[0-9a-f]+")


def foreign_span(text: str, *, span_id: str, name: str, at: Moment) -> ForeignSpan:
    """The record; ValueError for what is no JSON object."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("a span's JSON is damaged") from error
    if not isinstance(said, dict):
        raise ValueError("a span's JSON is no object")
    return ForeignSpan(
        wall_ns=at.wall_ns,
        mono_ns=at.mono_ns,
        span_id=span_id,
        name=name,
        trace_id=_hex(said.get("trace_id"), digits=32),
        parent=_hex(said.get("parent"), digits=16),
        duration_ns=_nanoseconds(said.get("duration_ns")),
        span_kind=cast(SpanKind, _one_of(_KINDS, said.get("kind"))),
        status=cast(SpanStatus, _one_of(_STATUSES, said.get("status"))),
        message=_text(said.get("message", "")),
        attributes=_attributes(said.get("attributes")),
        events=_events(said.get("events")),
        resource=_attributes(said.get("resource")),
        scope=_text(said.get("scope", "")),
        scope_version=_text(said.get("scope_version", "")),
    )


def _events(said: Any) -> tuple[SpanEvent, ...]:
    found = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    return tuple(
        SpanEvent(
            name=_text(one.get("name", "")),
            wall_ns=_nanoseconds(one.get("wall_ns")),
            attributes=_attributes(one.get("attributes")),
        )
        for one in found[:EVENTS_MAX]
    )


def _attributes(said: Any) -> dict[str, Value]:
    items = list(said.items()) if isinstance(said, dict) else []
    return {_text(key): _value(value) for key, value in items[:ATTRIBUTES_MAX]}


def _value(said: Any) -> Value:
    if isinstance(said, list):
        return [_single(item) for item in said[:ITEMS_MAX]]
    return _single(said)


def _single(said: Any) -> str | bool | int | float:
    if isinstance(said, bool) or _is_integer(said):
        return cast(int, said) if abs(said) <= _INTEGER_MAX else str(said)
    if isinstance(said, float):
        return said if math.isfinite(said) else str(said)
    return _text(said)


def _text(said: Any) -> str:
    text = said if isinstance(said, str) else json.dumps(said)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _one_of(words: tuple[str, ...], said: Any) -> str:
    return said if said in words else words[0]


def _hex(said: Any, *, digits: int) -> str:
    fits = isinstance(said, str) and len(said) == digits and _HEX.fullmatch(said)
    return said if fits and said.strip("0") else ""


def _nanoseconds(said: Any) -> int:
    return max(0, min(int(said), _INTEGER_MAX)) if _is_integer(said) else 0


def _is_integer(said: Any) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and said >= -_INTEGER_MAX
