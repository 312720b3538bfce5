"""What an operation of the Python API costs a program that is wrapped, its output marked."""

from __future__ import annotations

import statistics
import subprocess
import sys
from itertools import pairwise

from bench.place import Place
from bench.row import Row

# in turns, so that a busy machine disturbs both alike
_PROGRAM = """
import os, sys, time, chaos_otel
rounds, count, spawns = map(int, sys.argv[1:])
with open("stamps", "a") as stamps:
    def stamp():
        stamps.write(f"{time.monotonic_ns()}\\n")
    for _ in range(rounds):
        stamp()
        for _ in range(count):
            with chaos_otel.operation("step"):
                pass
        stamp()
        for _ in range(spawns):
            os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    stamp()
"""


def measure(place: Place, *, quick: bool) -> list[Row]:
    """A block, in a run and outside of one."""
    rounds, count, spawns = (3, 5_000, 50) if quick else (10, 10_000, 200)
    inside = _measured(place, place.wrapped(), rounds=rounds, count=count, spawns=spawns)
    outside = _measured(place, [], rounds=rounds, count=count, spawns=spawns)
    what = f"Python: one of {rounds * count:,} operations, "
    return [
        Row(what + "wrapped, marks on", "spawn of /bin/true", inside[0], "×", 0.20),
        Row(what + "wrapped, marks on", "-", inside[1], "µs"),
        Row(what + "outside of a run", "-", outside[1], "µs"),
    ]


def _measured(
    place: Place, wrapper: list[str], *, rounds: int, count: int, spawns: int
) -> tuple[float, float]:
    """An operation in spawns of /bin/true, and in microseconds: the medians of all rounds."""
    numbers = map(str, (rounds, count, spawns))
    command = [*wrapper, sys.executable, "-c", _PROGRAM, *numbers]
    subprocess.run(command, env=place.env, cwd=place.folder, check=True, capture_output=True)
    took_ns = [after - before for before, after in pairwise(place.stamps_ns())]
    each_ns = [took / count for took in took_ns[::2]]
    spawn_ns = [took / spawns for took in took_ns[1::2]]
    ratios = [one / spawn for one, spawn in zip(each_ns, spawn_ns, strict=False)]
    return statistics.median(ratios), statistics.median(each_ns) / 1e3
