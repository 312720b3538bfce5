"""What a step of the shell library costs the script: wrapped, both outputs captured and marked."""

from __future__ import annotations

import shutil
import statistics
import subprocess
from itertools import pairwise
from pathlib import Path

from bench.place import Place
from bench.row import Row
from chaos_otel import emit

LIBRARY = Path(emit.__file__).with_name("utils.sh")
AGAINST = "fork and exec of /bin/true"

# {stamp} {library} {rounds} {steps}; in turns, so that a busy machine disturbs both alike
_SCRIPT = """
. {library}
telemetry_init bench 1
round=0
while [ $round -lt {rounds} ]; do
    {stamp} stamps
    i=0
    while [ $i -lt {steps} ]; do
        telemetry_start_timer step
        telemetry_track_success step
        i=$((i + 1))
    done
    {stamp} stamps
    i=0
    while [ $i -lt {steps} ]; do
        /bin/true
        i=$((i + 1))
    done
    round=$((round + 1))
done
{stamp} stamps
"""


def measure(place: Place, *, quick: bool) -> list[Row]:
    """start_timer and track_success, in bash and in dash."""
    rounds = 3 if quick else 7
    what = "{}: start_timer + track_success, wrapped, marks on"
    rows = []
    for shell, steps, limit in (("bash", 400, 0.20), ("dash", 100, 4.0)):
        if shutil.which(shell):
            value = _ratio(place, shell, rounds=rounds, steps=steps)
            rows.append(Row(what.format(shell), AGAINST, value, "×", limit))
    return rows


def _ratio(place: Place, shell: str, *, rounds: int, steps: int) -> float:
    script = place.folder / "steps.sh"
    script.write_text(
        _SCRIPT.format(stamp=place.stamp, library=LIBRARY, rounds=rounds, steps=steps)
    )
    command = place.wrapped(shell, str(script))
    subprocess.run(command, env=place.env, cwd=place.folder, check=True, capture_output=True)
    took = [after - before for before, after in pairwise(place.stamps_ns())]
    pairs = zip(took[::2], took[1::2], strict=False)
    return statistics.median(ours / true for ours, true in pairs)
