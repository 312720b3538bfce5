"""A gigabyte through the command's stdout, against the same through `cat`."""

from __future__ import annotations

import shlex

from bench.place import Place
from bench.row import Row
from bench.timing import ratio, wall_s

SIZE_BYTES = 10**9


def measure(place: Place, *, quick: bool) -> list[Row]:
    """To a pipe, which is how most outputs are piped on, and to a regular file."""
    producer = f"head -c {SIZE_BYTES} /dev/zero"
    ours = shlex.join(place.wrapped(*producer.split()))
    rows = []
    for sink, end in (("a pipe", "| cat >/dev/null"), ("a file", ">output")):
        value = ratio(
            lambda end=end: _shell_s(place, f"{ours} {end}"),  # type: ignore[misc]
            lambda end=end: _shell_s(place, f"{producer} | cat {end}"),  # type: ignore[misc]
            pairs=3 if quick else 7,
        )
        rows.append(Row(f"1 GB through stdout, to {sink}", "the same through cat", value, "×", 2))
    (place.folder / "output").unlink()
    return rows


def _shell_s(place: Place, script: str) -> float:
    return wall_s(place, ["sh", "-c", script])
