"""How long a run takes to be counted: alone, and when many end at once."""

from __future__ import annotations

import subprocess
import sys
import time

from bench.place import Place
from bench.row import Row
from chaos_otel.instruments import DURATION_BOUNDS_S
from chaos_otel.labels import of_script
from chaos_otel.measures import Increment, Measure, Observations, distribution
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database

SERIES = 30  # of a run with some operations
TOGETHER = 20
_PROCESS = """
import sys
from bench.counting import count
count(sys.argv[1], first=int(sys.argv[2]), runs=int(sys.argv[3]))
"""


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Each run opens the store, adds its series in one transaction and closes it, as `deliver`
    does."""
    runs = 50 if quick else 500
    state = place.env["CHAOS_OTEL_STATE_DIR"]
    count(state, first=0, runs=1)
    begun_s = time.perf_counter()
    count(state, first=1, runs=runs)
    alone_s = (time.perf_counter() - begun_s) / runs
    together = _together(state, runs=runs // 5)
    return [
        Row(f"counters: a run of {SERIES} series is counted", "-", alone_s * 1e3, "ms"),
        Row(f"counters: runs counted by {TOGETHER} processes at once", "-", together, "/s"),
    ]


def count(state: str, *, first: int, runs: int) -> None:
    """Count so many runs, one behind the other."""
    for number in range(first, first + runs):
        with Database(state) as database:
            count_run(database, f"{number:032x}", _measures(), now_wall_ns=time.time_ns())


def _measures() -> list[Measure]:
    seen = distribution(DURATION_BOUNDS_S, (0.2, 3, 40))
    found: list[Measure] = []
    for number in range(SERIES // 2):
        labels = of_script(f"deploy-{number}", "production")
        found.append(Increment("script.operations", labels, 1))
        found.append(Observations("script.operation.duration", labels, seen))
    return found


def _together(state: str, *, runs: int) -> float:
    """Runs a second of all processes, their start not counted."""
    begun_s = time.perf_counter()
    _processes(state, runs=0)
    starting_s = time.perf_counter() - begun_s
    begun_s = time.perf_counter()
    _processes(state, runs=runs)
    return TOGETHER * runs / max(0.001, time.perf_counter() - begun_s - starting_s)


def _processes(state: str, *, runs: int) -> None:
    words = [sys.executable, "-c", _PROCESS, state]
    running = [
        subprocess.Popen([*words, str((number + 1) * 1_000_000), str(runs)])
        for number in range(TOGETHER)
    ]
    if any(one.wait() for one in running):
        raise RuntimeError("a run was not counted")
