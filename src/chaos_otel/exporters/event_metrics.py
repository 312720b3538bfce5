"""The numbers of an event document: seconds, MB, percent, and what the script itself recorded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel import semconv
from chaos_otel.exporters.event_document_layout import (
    EXECUTION_TIME,
    METRICS_MAX,
    NAME_CHARACTERS_MAX,
)
from chaos_otel.exporters.otlp_clean import Budget, text

MEMORY_USAGE: Final = "memory_usage"
CPU_USAGE: Final = "cpu_usage"
DISK_USAGE: Final = "disk_usage"
_FOUR: Final = (EXECUTION_TIME, MEMORY_USAGE, CPU_USAGE, DISK_USAGE)
_MB: Final = 1e6


def metrics_of(run: ReadableSpan, *, duration_s: float) -> dict[str, float]:
    """All of them by name; a name that the script recorded itself has its value. What nobody
    measured is left out."""
    attributes: Mapping[str, Any] = run.attributes or {}
    known: dict[str, float] = {}
    own = islice(_own(attributes), METRICS_MAX - len(_FOUR))
    for name, value in chain(own, _measured(attributes, duration_s)):
        known.setdefault(name, value)
    first = {name: known[name] for name in _FOUR if name in known}
    return first | known


def _own(attributes: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in attributes.items():
        if key.startswith(semconv.METRIC_PREFIX) and _is_finite(value):
            name = key.removeprefix(semconv.METRIC_PREFIX)
            yield text(name, Budget(), limit=NAME_CHARACTERS_MAX), float(value)


def _measured(attributes: Mapping[str, Any], duration_s: float) -> Iterator[tuple[str, float]]:
    """The largest memory of a process or of all together; CPU time as a share of the run's time,
    above 100 where several CPUs worked."""
    yield EXECUTION_TIME, round(duration_s, 4)
    peaks = _numbers(attributes, semconv.RUN_MEMORY_PEAK_BYTES, semconv.RUN_TREE_MEMORY_PEAK_BYTES)
    if peaks:
        yield MEMORY_USAGE, round(max(peaks) / _MB, 3)
    used_s = _numbers(attributes, semconv.RUN_CPU_USER_S, semconv.RUN_CPU_SYSTEM_S) or _numbers(
        attributes, semconv.RUN_TREE_CPU_S
    )
    if used_s and duration_s > 0 and math.isfinite(share := 100 * sum(used_s) / duration_s):
        yield CPU_USAGE, round(share, 2)
    if disk := _numbers(attributes, semconv.RUN_DISK_USED_BYTES):
        yield DISK_USAGE, round(disk[0] / _MB, 3)


def _numbers(attributes: Mapping[str, Any], *keys: str) -> list[float]:
    return [float(attributes[key]) for key in keys if _is_finite(attributes.get(key))]


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
