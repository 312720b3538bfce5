"""How much longer a command takes with us: one that sleeps while we load, and one that does not."""

from __future__ import annotations

from bench.place import Place
from bench.row import Row
from bench.timing import CLICK, SDK, python_s, ratio, wall_s


def measure(place: Place, *, quick: bool) -> list[Row]:
    """The report is on, and written when the call returns."""
    slept = ratio(
        lambda: wall_s(place, place.wrapped("sleep", "1")) - wall_s(place, ["sleep", "1"]),
        lambda: python_s(place, CLICK),
        pairs=3 if quick else 9,
    )
    short = ratio(
        lambda: wall_s(place, place.wrapped("true")),
        lambda: python_s(place, SDK),
        pairs=5 if quick else 15,
    )
    return [
        Row("run -- sleep 1: wall time added, report on", CLICK, slept, "×", 2.5),
        Row("run -- true, report on", SDK, short, "×", 3.0),
    ]
