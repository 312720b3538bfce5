"""Seconds of a command, and of two commands in turns: a busy machine then disturbs both alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from bench.place import Place

CLICK = "import click"
SDK = "import opentelemetry.sdk.trace"


def wall_s(place: Place, command: Sequence[str]) -> float:
    """How long a command takes; its outputs go to a pipe that is read."""
    begun_s = time.perf_counter()
    subprocess.run(command, env=place.env, cwd=place.folder, check=True, capture_output=True)
    return time.perf_counter() - begun_s


def python_s(place: Place, statement: str) -> float:
    """How long `python3 -c STATEMENT` takes."""
    return wall_s(place, [sys.executable, "-c", statement])


def ratio(measured: Callable[[], float], against: Callable[[], float], *, pairs: int) -> float:
    """The median of measured/against over so many pairs, one behind the other, after one of each
    that does not count."""
    measured(), against()
    return statistics.median(measured() / against() for _ in range(pairs))
