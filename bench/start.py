"""How much later than without us the command's first instruction is run."""

from __future__ import annotations

import subprocess
import time

from bench.place import Place
from bench.row import Row
from bench.timing import CLICK, python_s, ratio


def measure(place: Place, *, quick: bool) -> list[Row]:
    """From our exec to the command's first instruction, against an import of click."""
    value = ratio(lambda: _start_s(place), lambda: python_s(place, CLICK), pairs=7 if quick else 25)
    return [Row("run: exec until the command's first instruction", CLICK, value, "×", 1.6)]


def _start_s(place: Place) -> float:
    command = place.wrapped(place.stamp, "stamps")
    begun_ns = time.monotonic_ns()
    subprocess.run(command, env=place.env, cwd=place.folder, check=True, capture_output=True)
    return (place.stamps_ns()[0] - begun_ns) / 1e9
