"""What runs cost: CPU, memory, disk, network."""

from __future__ import annotations

from typing import Final

from grafana.source.frame import Dashboard, Row
from grafana.source.metrics import (
    ONE_PLACE,
    ONE_SCRIPT,
    PLACE_NAMED,
    SCRIPT_NAMED,
    increase,
    last,
    of,
    rate,
    value_of,
)
from grafana.source.panels import Column, Query, lines, number, ranking, rows

from chaos_otel.instruments import (
    CPU_TIME,
    DISK_IO,
    DISK_USAGE,
    MEMORY_PEAK,
    NETWORK_IO,
    RUNS,
    Instrument,
)
from chaos_otel.semconv import LABEL_DIRECTION

_RUNS: Final = f"(sum by ({ONE_SCRIPT}) ({increase(RUNS)}) > 0)"


def _a_run(instrument: Instrument) -> str:
    """What one run of each script uses of a counter, on average."""
    return f"sum by ({ONE_SCRIPT}) ({increase(instrument)}) / {_RUNS}"


def _times_its_week(instrument: Instrument) -> str:
    """How many times its own weekly mean a gauge is."""
    return f"max by ({ONE_PLACE}) ({last(instrument)} / (avg_over_time({of(instrument)}[7d]) > 0))"


_NUMBERS: Final = (
    number(
        "CPU time",
        "The CPU time that all runs used in the time shown.",
        f"sum({increase(CPU_TIME)})",
        unit="s",
        width=6,
        empty="0",
    ),
    number(
        "Largest memory",
        "The most memory that the last run of any script used at once.",
        f"max({last(MEMORY_PEAK)})",
        unit="bytes",
        width=6,
    ),
    number(
        "Read and written",
        "The bytes that all runs read from disks and wrote to them in the time shown.",
        f"sum({increase(DISK_IO)})",
        unit="bytes",
        width=6,
        empty="0",
    ),
    number(
        "Network",
        "The bytes over the hosts' networks while runs were under way, whoever sent them.",
        f"sum({increase(NETWORK_IO)})",
        unit="bytes",
        width=6,
        empty="0",
    ),
)
_SCRIPTS: Final = (
    rows(
        "What a run uses",
        "For each script the mean of its runs in the time shown.",
        Column(_a_run(CPU_TIME), "CPU time", "s"),
        Column(f"max by ({ONE_SCRIPT}) ({last(MEMORY_PEAK)})", "Memory of the last run", "bytes"),
        Column(_a_run(DISK_IO), "Disk, read and written", "bytes"),
        Column(_a_run(NETWORK_IO), "Network", "bytes"),
        sort="CPU time",
    ),
)
_OVER_TIME: Final = (
    lines(
        "CPUs in use",
        "How many CPUs each script keeps busy, counted when its run ends: 1 is one whole CPU.",
        Query(f"sum by ({ONE_SCRIPT}) ({rate(CPU_TIME)})", SCRIPT_NAMED),
        unit="short",
    ),
    lines(
        "Peak memory",
        "The most memory at once of each script's last run, with all the programs that it started.",
        Query(f"max by ({ONE_PLACE}) ({of(MEMORY_PEAK)})", PLACE_NAMED),
        unit="bytes",
    ),
    lines(
        "Disk in use",
        "What is used of the disk that a script's last run worked on, by whomever.",
        Query(f"max by ({ONE_PLACE}) ({of(DISK_USAGE)})", PLACE_NAMED),
        unit="bytes",
    ),
    lines(
        "Disk, read and written",
        "Bytes a second that runs read from disks and wrote to them.",
        Query(f"sum by ({LABEL_DIRECTION}) ({rate(DISK_IO)})", value_of(LABEL_DIRECTION)),
        unit="Bps",
    ),
    lines(
        "Network by script",
        "Bytes a second over the host's network while the script ran, whoever sent them.",
        Query(f"sum by ({ONE_SCRIPT}) ({rate(NETWORK_IO)})", SCRIPT_NAMED),
        unit="Bps",
        width=24,
    ),
)
_OUTLIERS: Final = (
    ranking(
        "Unusual memory",
        "The peak memory of the last run as a multiple of the script's own mean of seven days: 1 "
        "is as ever, 2 is twice that.",
        Query(f"topk(10, {_times_its_week(MEMORY_PEAK)})", PLACE_NAMED),
        unit="short",
    ),
    ranking(
        "Unusual disk",
        "The disk in use as a multiple of its own mean of seven days: what grows stands on top.",
        Query(f"topk(10, {_times_its_week(DISK_USAGE)})", PLACE_NAMED),
        unit="short",
    ),
)
DASHBOARD: Final = Dashboard(
    "resources",
    "resources",
    "CPU, memory, disk and network by script and over time, and what is out of the ordinary.",
    (
        Row("In the time shown", _NUMBERS),
        Row("By script", _SCRIPTS),
        Row("Over time", _OVER_TIME),
        Row("Outliers", _OUTLIERS),
    ),
    refresh="1m",
)
