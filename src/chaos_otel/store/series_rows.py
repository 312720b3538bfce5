"""Adds measures to the rows of the table `series`, within a transaction of the caller.

The one place that knows how a measure changes a series, and where the series of a metric end.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Final

from chaos_otel import instruments, semconv
from chaos_otel.labels import rest, series_limit
from chaos_otel.measures import (
    Increment,
    Labels,
    Level,
    Measure,
    Observation,
    Observations,
    Step,
    distribution,
)

_WALL_NS_MAX: Final = (1 << 63) - 1
METRICS_MAX: Final = 500
_OURS: Final = frozenset(one.name for one in instruments.INSTRUMENTS)
_DROPPED_BY_LIMIT: Final = ((semconv.LABEL_REASON, "series_limit"),)
_DROPPED_BY_NAME: Final = ((semconv.LABEL_REASON, "metric_limit"),)
_DROPPED_BY_VALUE: Final = ((semconv.LABEL_REASON, "bad_value"),)
_COLUMNS: Final = "metric, labels, kind, born_wall_ns, at_wall_ns, value"


def apply(connection: sqlite3.Connection, measures: Iterable[Measure], *, now_wall_ns: int) -> None:
    """Add all of them. What is no number, or beyond the limit of metrics or of series, is counted
    in chaos.otel.dropped."""
    dropped: Counter[Labels] = Counter()
    for measure in measures:
        if not _is_sound(measure):
            dropped[_DROPPED_BY_VALUE] += 1
            continue
        if not _has_room(connection, measure.metric):
            dropped[_DROPPED_BY_NAME] += 1
            continue
        labels = _labels(connection, measure.metric, measure.labels)
        if labels != measure.labels:
            dropped[_DROPPED_BY_LIMIT] += 1
        _apply_one(connection, measure, labels, now_wall_ns=now_wall_ns)
    for why, count in dropped.items():
        _add(connection, instruments.SELF_DROPPED.name, why, count, now_wall_ns=now_wall_ns)


def decoded(labels: str) -> Labels:
    """Labels as they were before they became a column."""
    return tuple((name, value) for name, value in json.loads(labels))


def encoded(labels: Labels) -> str:
    """Labels as a column; the same text for the same labels."""
    return json.dumps(labels, separators=(",", ":"))


def _is_sound(measure: Measure) -> bool:
    if isinstance(measure, Observations):
        return True
    if not math.isfinite(measure.value):
        return False
    return measure.value >= 0 or isinstance(measure, Level | Step)


def _has_room(connection: sqlite3.Connection, metric: str) -> bool:
    """Whether it is one of ours, or of the first METRICS_MAX names that scripts made up."""
    if metric in _OURS:
        return True
    if connection.execute("SELECT 1 FROM series WHERE metric = ?", (metric,)).fetchone():
        return True
    names = {name for (name,) in connection.execute("SELECT DISTINCT metric FROM series")}
    return len(names - _OURS) < METRICS_MAX


def _labels(connection: sqlite3.Connection, metric: str, labels: Labels) -> Labels:
    """These, or LABEL_REST in their place where the metric has as many series as it may have."""
    known = "SELECT 1 FROM series WHERE metric = ? AND labels = ?"
    if connection.execute(known, (metric, encoded(labels))).fetchone():
        return labels
    count = "SELECT count(*) FROM series WHERE metric = ?"
    if connection.execute(count, (metric,)).fetchone()[0] < series_limit(labels):
        return labels
    return rest(labels)


def _apply_one(
    connection: sqlite3.Connection, measure: Measure, labels: Labels, *, now_wall_ns: int
) -> None:
    if isinstance(measure, Increment):
        _add(connection, measure.metric, labels, measure.value, now_wall_ns=now_wall_ns)
    elif isinstance(measure, Level | Step):
        _set(connection, measure, labels, now_wall_ns=now_wall_ns)
    else:
        _observe(connection, measure, labels, now_wall_ns=now_wall_ns)


def _add(
    connection: sqlite3.Connection, metric: str, labels: Labels, value: float, *, now_wall_ns: int
) -> None:
    connection.execute(
        f"INSERT INTO series ({_COLUMNS}) VALUES (?, ?, 'counter', ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET "
        "value = value + excluded.value, at_wall_ns = excluded.at_wall_ns",
        (metric, encoded(labels), now_wall_ns, now_wall_ns, float(value)),
    )


def _set(
    connection: sqlite3.Connection, measure: Level | Step, labels: Labels, *, now_wall_ns: int
) -> None:
    """What is older than the last value is not the last one; a step only if it is older than the
    value that it starts from."""
    at = min(max(0, measure.at_wall_ns), _WALL_NS_MAX)
    steps = isinstance(measure, Step)
    connection.execute(
        f"INSERT INTO series ({_COLUMNS}, set_wall_ns) VALUES (?, ?, 'gauge', ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET "
        + (
            "value = value + excluded.value, at_wall_ns = max(at_wall_ns, excluded.at_wall_ns) "
            "WHERE excluded.at_wall_ns >= set_wall_ns"
            if steps
            else "value = excluded.value, at_wall_ns = excluded.at_wall_ns, "
            "set_wall_ns = excluded.set_wall_ns WHERE excluded.at_wall_ns >= at_wall_ns"
        ),
        (
            *(measure.metric, encoded(labels), now_wall_ns, at, float(measure.value)),
            0 if steps else at,
        ),
    )


def _observe(
    connection: sqlite3.Connection,
    measure: Observation | Observations,
    labels: Labels,
    *,
    now_wall_ns: int,
) -> None:
    seen = (
        measure.distribution
        if isinstance(measure, Observations)
        else distribution(instruments.DURATION_BOUNDS_S, (measure.value,))
    )
    key = (measure.metric, encoded(labels))
    row = connection.execute(
        "SELECT buckets FROM series WHERE metric = ? AND labels = ?", key
    ).fetchone()
    buckets = list(seen.buckets)
    if row is not None:
        buckets = [old + new for old, new in zip(json.loads(row[0]), buckets, strict=True)]
    connection.execute(
        f"INSERT INTO series ({_COLUMNS}, observations, buckets) "
        "VALUES (?, ?, 'histogram', ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "value = value + excluded.value, observations = observations + excluded.observations, "
        "buckets = excluded.buckets, at_wall_ns = excluded.at_wall_ns",
        (*key, now_wall_ns, now_wall_ns, seen.sum, seen.observations, json.dumps(buckets)),
    )
