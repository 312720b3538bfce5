"""A million steps, fed to the inbox as fast as a program can, until the report of them is there."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, Popen

from bench import feeder
from bench.memory import PeakMemory
from bench.place import Place
from bench.row import Row

SAMPLE_S = 0.05
ALONE = "-"


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Rate end to end, and what capture and `deliver` take of memory for it."""
    steps = 100_000 if quick else 1_000_000
    lines = place.folder / "lines"
    feeder.write(lines, steps)
    command = place.wrapped(sys.executable, feeder.__file__, str(lines))
    begun_s = time.perf_counter()
    with Popen(command, env=place.env, cwd=place.folder, stderr=DEVNULL) as run:
        capture, deliver = _watch(run)
    took_s = time.perf_counter() - begun_s
    note = _fault(place.folder / "chaos_report.json", steps)
    return [
        Row(f"{steps:,} steps, end to end", ALONE, steps / took_s, "/s", 15_000, True, note),
        Row(f"{steps:,} steps: peak memory of capture", ALONE, capture.megabytes, "MB", 60),
        Row(f"{steps:,} steps: peak memory of deliver", ALONE, deliver.megabytes, "MB", 150),
    ]


def _watch(run: Popen[bytes]) -> tuple[PeakMemory, PeakMemory]:
    capture = PeakMemory(lambda: run.pid)
    deliver = PeakMemory(_child(run.pid, b"chaos_otel.pipeline.deliver"))
    while run.poll() is None:
        capture.sample()
        deliver.sample()
        time.sleep(SAMPLE_S)
    return capture, deliver


def _child(parent: int, word: bytes) -> Callable[[], int]:
    """Finds the child of `parent` that has this word on its command line; 0: not there."""

    def find() -> int:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for child in children:
            if word in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return int(child)
        return 0

    return find


def _fault(report: Path, steps: int) -> str:
    """What is wrong with the report; nothing if it is whole."""
    summary = json.loads(report.read_bytes())["summary"]
    if summary["successful_operations"] == summary["total_operations"] == steps:
        return ""
    return f"the report is not whole: {summary}"
