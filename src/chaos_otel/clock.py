"""The two clocks: one that people read, one that only goes forward."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Moment(NamedTuple):
    """One moment on both clocks, in nanoseconds."""

    wall_ns: int
    mono_ns: int


Clock: TypeAlias = Callable[[], Moment]


def now() -> Moment:
    """Read both clocks. CLOCK_MONOTONIC is the machine's, so readings of two processes compare."""
    return Moment(time.time_ns(), time.monotonic_ns())
