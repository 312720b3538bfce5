"""What may stand in a report and where: the layout as data, and the check of one value."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from chaos_otel.reports.json_text import RepeatedKeys
from chaos_otel.reports.walk import Path, written

Check: TypeAlias = Callable[[Any], str]


class Finding(NamedTuple):
    """A departure from the layout and its place."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


def count(value: Any) -> str:
    """A whole number, not negative."""
    fits = type(value) is int and value >= 0
    return "" if fits else f"is {shown(value)}, not a count (0, 1, 2, …)"


def seconds(value: Any) -> str:
    """A finite number, not negative, of at most four decimals."""
    if type(value) not in (int, float):
        return f"is {shown(value)}, not a number of seconds"
    if not math.isfinite(value):
        return f"is {shown(value)}, not a finite number"
    if value < 0:
        return f"is {shown(value)}; a duration is never negative"
    return "" if round(value, 4) == value else f"is {shown(value)}; four decimals at most"


def truth(value: Any) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else f"is {shown(value)}, not true or false"


def truth_or_null(value: Any) -> str:
    """True, false or null."""
    fits = value is None or isinstance(value, bool)
    return "" if fits else f"is {shown(value)}, not true, false or null"


def text(value: Any) -> str:
    """Text."""
    return "" if isinstance(value, str) else f"is {shown(value)}, not text"


def status(value: Any) -> str:
    """Success or failure."""
    fits = value in ("success", "failure")
    return "" if fits else f'is {shown(value)}, not "success" or "failure"'


_COUNTS: Final[Mapping[str, Check]] = {
    "total_operations": count,
    "changed_operations": count,
    "successful_operations": count,
    "failed_operations": count,
}
REPORT: Final = ("summary", "hosts")
SUMMARY: Final[Mapping[str, Check]] = {**_COUNTS, "status": status, "total_duration": seconds}
HOST: Final[Mapping[str, Check]] = {**_COUNTS, "duration": seconds}
HOST_KEYS: Final = (*HOST, "history")
ENTRY: Final[Mapping[str, Check]] = {
    "operation": text,
    "changed": truth,
    "success": truth,
    "duration": seconds,
    "stdout": text,
    "stderr": text,
}
STATISTICS: Final[Mapping[str, Check]] = {
    "stdout": text,
    "stderr": text,
    "retry_attempts": count,
    "max_retries": count,
    "retry_succeeded": truth_or_null,
}
RETRY_INFO: Final[Mapping[str, Check]] = {
    "retry_attempts": count,
    "max_retries": count,
    "was_retried": truth,
    "retry_succeeded": truth_or_null,
}


def check_object(
    path: Path, value: Any, checks: Mapping[str, Check], *, inner: str = ""
) -> Iterator[Finding]:
    """Keys, their order, and their values; of `inner`, the last key, only that it is there."""
    if not isinstance(value, dict):
        yield Finding(written(path), f"is {shown(value)}, not an object")
        return
    yield from check_keys(path, tuple(value), (*checks, inner) if inner else tuple(checks))
    if isinstance(value, RepeatedKeys):
        yield Finding(written((*path, value.key)), "stands more than once")
    for key, check in checks.items():
        if key in value and (problem := check(value[key])):
            yield Finding(written((*path, key)), problem)


def check_keys(path: Path, keys: Sequence[str], expected: Sequence[str]) -> Iterator[Finding]:
    """What is missing, unknown, repeated or not in its place."""
    for key in expected:
        if key not in keys:
            yield Finding(written((*path, key)), "is missing")
    known = []
    for key in keys:
        if key not in expected:
            yield Finding(written((*path, key)), "is no key of the layout")
        elif key in known:
            yield Finding(written((*path, key)), "stands more than once")
        else:
            known.append(key)
    in_order = [key for key in expected if key in known]
    for key, wanted in zip(known, in_order, strict=True):
        if key != wanted:
            yield Finding(written((*path, key)), f"stands where {wanted} belongs")
            return


def shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    written_out = json.dumps(value)
    return written_out if len(written_out) <= 40 else f"{written_out[:40]}…"
