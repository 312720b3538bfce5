"""What it costs a pyinfra deploy that each of its operations is recorded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from bench.place import Place
from bench.row import Row
from bench.timing import ratio, wall_s
from bench.tools import tool

VERSION = "3.10.0"
OPERATIONS = 200
MANY = 2_000  # pyinfra itself needs more than linear time and memory for more

_DEPLOY = """
from pyinfra.operations import server
for number in range({operations}):
    server.shell(name=f"Operation {{number}}", commands=["true"])
"""
# the largest of its descendants is pyinfra itself
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Trivial operations on this machine: their time, and the memory of pyinfra's process."""
    pyinfra = f"{tool('pyinfra', VERSION)}/pyinfra"
    operations = 300 if quick else MANY
    few, many = (_deploy(place, pyinfra, number) for number in (OPERATIONS, operations))
    slower = ratio(
        lambda: wall_s(place, place.wrapped(*few)),
        lambda: wall_s(place, few),
        pairs=3 if quick else 9,
    )
    peak = [sys.executable, "-c", _PEAK, *many]
    grown = _number(place, place.wrapped(*peak)) - _number(place, peak)
    return [
        Row(f"pyinfra, {OPERATIONS} operations: wall time", "without us", slower, "×", 1.05),
        Row(
            f"pyinfra, {operations:,} operations: memory of its process",
            "without us",
            grown / 1e6,
            "MB more",
            5,
        ),
    ]


def _deploy(place: Place, pyinfra: str, operations: int) -> list[str]:
    name = f"deploy_{operations}.py"
    (place.folder / name).write_text(_DEPLOY.format(operations=operations))
    return [pyinfra, "@local", name, "-y"]


def _number(place: Place, command: Sequence[str]) -> int:
    """What a command prints."""
    done = subprocess.run(command, env=place.env, cwd=place.folder, check=True, capture_output=True)
    return int(done.stdout)
