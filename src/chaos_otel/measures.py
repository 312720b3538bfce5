"""What one run adds to the counters, and what a counter looks like when it is read.

Plain values that the recorder, the store and the exporters share; knows none of them.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]


class Increment(NamedTuple):
    """Add `value` (finite, not negative) to a counter. Labels are sorted by name, as everywhere
    here; `metric` is an OpenTelemetry name."""

    metric: str
    labels: Labels
    value: float


class Observation(NamedTuple):
    """One value for a histogram."""

    metric: str
    labels: Labels
    value: float


class Level(NamedTuple):
    """A gauge has this value now; the one with the latest `at_wall_ns` stays."""

    metric: str
    labels: Labels
    value: float
    at_wall_ns: int


Measure: TypeAlias = Increment | Observation | Level


class Distribution(NamedTuple):
    """A histogram's state: `buckets` counts values up to each bound, not cumulative, and one more
    for those above the last."""

    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    observations: int
    sum: float


class Series(NamedTuple):
    """One series as it is exposed: cumulative since `start_wall_ns`.

    `value` is a counter's or a gauge's, a `Distribution` for a histogram. `description` and `unit`
    are filled for a script's own metrics too.
    """

    metric: str
    labels: Labels
    value: float | Distribution
    start_wall_ns: int
    at_wall_ns: int
