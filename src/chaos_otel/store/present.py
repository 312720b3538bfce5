"""The series that no run has to add up: what is under way at this moment, and what waits."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from chaos_otel import instruments, semconv
from chaos_otel.labels import of_script, rest, series_limit
from chaos_otel.measures import Labels, Series
from chaos_otel.store.active import ActiveRun


def with_runs(
    stored: Iterable[Series], live: Iterable[ActiveRun], *, now_wall_ns: int
) -> list[Series]:
    """The stored series, with those of the runs under way: how many there are of each script ever
    run, and, in place of the last duration, the age of the oldest."""
    series = list(stored)
    known = {one.labels for one in series if one.metric == instruments.EXECUTION_TIME.name}
    running: Counter[Labels] = Counter()
    oldest: dict[Labels, int] = {}
    for run in live:
        labels = _within_limit(of_script(run.script, run.environment), known | set(running))
        running[labels] += 1
        oldest[labels] = min(oldest.get(labels, run.started_wall_ns), run.started_wall_ns)
    kept = [
        one
        for one in series
        if one.metric != instruments.EXECUTION_TIME.name or one.labels not in oldest
    ]
    ages = [
        _now(
            instruments.EXECUTION_TIME.name, labels, max(0, now_wall_ns - began) / 1e9, now_wall_ns
        )
        for labels, began in oldest.items()
    ]
    active = [
        _now(instruments.ACTIVE.name, labels, running[labels], now_wall_ns)
        for labels in known | set(running)
    ]
    return [*kept, *ages, *active]


def outbox(connection: sqlite3.Connection, *, now_wall_ns: int) -> list[Series]:
    """Age and size of what waits, of each destination that ever had anything waiting."""
    rows = connection.execute(
        "SELECT destination, min(CASE state WHEN 'waiting' THEN created_wall_ns END), "
        "sum(CASE state WHEN 'waiting' THEN waiting_bytes ELSE 0 END) "
        "FROM cursor GROUP BY destination ORDER BY destination LIMIT ?",
        (semconv.MAX_SERIES,),
    )
    series = []
    for destination, since, size_bytes in rows:
        labels = ((semconv.LABEL_DESTINATION, destination),)
        age_s = 0.0 if since is None else max(0, now_wall_ns - since) / 1e9
        series.append(_now(instruments.SELF_OUTBOX_AGE.name, labels, age_s, now_wall_ns))
        series.append(_now(instruments.SELF_OUTBOX_SIZE.name, labels, size_bytes, now_wall_ns))
    return series


def _within_limit(labels: Labels, known: set[Labels]) -> Labels:
    return labels if labels in known or len(known) < series_limit(labels) else rest(labels)


def _now(metric: str, labels: Labels, value: float, now_wall_ns: int) -> Series:
    return Series(metric, labels, float(value), now_wall_ns, now_wall_ns)
