"""What one run adds to the counters, and what a counter looks like when it is read.

Plain values that the recorder, the store and the exporters share; knows none of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]


class Distribution(NamedTuple):
    """A histogram's state: `buckets` counts values up to each bound, not cumulative, and one more
    for those above the last."""

    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    observations: int
    sum: float


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


class Observations(NamedTuple):
    """Many values for a histogram, put together already; its bounds are
    instruments.DURATION_BOUNDS_S."""

    metric: str
    labels: Labels
    distribution: Distribution


class Level(NamedTuple):
    """A gauge has this value now; the one with the latest `at_wall_ns` stays."""

    metric: str
    labels: Labels
    value: float
    at_wall_ns: int


class Step(NamedTuple):
    """A gauge goes up by this, unless it was set to a `Level` later than that."""

    metric: str
    labels: Labels
    value: float
    at_wall_ns: int


Measure: TypeAlias = Increment | Observation | Observations | Level | Step


class Series(NamedTuple):
    """One series as it is exposed: cumulative since `start_wall_ns`.

    `value` is a counter's or a gauge's, a `Distribution` for a histogram. The instrument of
    `instruments.INSTRUMENTS` with this name says the rest; a gauge that is none of them is a
    script's own.
    """

    metric: str
    labels: Labels
    value: float | Distribution
    start_wall_ns: int
    at_wall_ns: int


def distribution(bounds: Sequence[float], values: Sequence[float] = ()) -> Distribution:
    """The distribution of these values."""
    buckets = [0] * (len(bounds) + 1)
    for value in values:
        buckets[bisect_left(bounds, value)] += 1
    return Distribution(tuple(bounds), tuple(buckets), len(values), float(sum(values)))
