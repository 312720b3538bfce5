"""Two weeks of samples for a Prometheus that has just been started.

What a panel compares with the week before cannot be in it otherwise. The samples are shaped like
ours because they are ours: series of a real `/metrics`, repeated back in time.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.e2e.prometheus import program

DAYS: Final = 15
EVERY_S: Final = 1200
# only what is compared: all else must come from the runs of the test itself
FAMILIES: Final = (
    "script_runs",
    "script_run_duration_seconds",
    "script_operation_duration_seconds",
)
_LINE: Final = re.compile(r"(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\S+)")


def write_history(open_metrics: str, data: Path, *, labels: str, until_s: float) -> None:
    """Blocks below `data` with the series of these families, until then, with labels added."""
    text = data.parent / "history.txt"
    text.write_text("".join(_repeated(open_metrics, labels, int(until_s))))
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run(
        [*command, "--max-block-duration=720h", "--quiet", str(text), str(data)],
        check=True,
        capture_output=True,
        timeout=240,
    )


def _repeated(open_metrics: str, labels: str, until_s: int) -> Iterator[str]:
    """Each counter grows by what it is now, every so often."""
    times = range(until_s - DAYS * 86_400, until_s, EVERY_S)
    for line in open_metrics.splitlines():
        words = line.split()
        if line.startswith("#"):
            if len(words) > 2 and words[2] in FAMILIES:
                yield line + "\n"
            continue
        found = _LINE.match(line)
        if found is None or not found["name"].startswith(FAMILIES) or "_created" in found["name"]:
            continue
        series = f"{found['name']}{{{labels},{found['labels']}}}"
        each = float(found["value"])
        for number, at_s in enumerate(times):
            yield f"{series} {each * number:g} {at_s}\n"
    yield "# EOF\n"
