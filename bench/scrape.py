"""How long a scrape of `chaos-otel serve` takes when the store is as full as it gets."""

from __future__ import annotations

import gzip
import re
import select
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator

from bench.place import Place
from bench.row import Row
from chaos_otel.instruments import INSTRUMENTS, Instrument
from chaos_otel.measures import Increment, Labels, Level, Measure, Observation
from chaos_otel.semconv import LABEL_ENVIRONMENT, LABEL_SCRIPT, MAX_SERIES
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database

LIMIT_S = 2.0  # a Prometheus waits for 10 s
_STARTED_S = 60.0


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Of every metric as many series as there may be; before, an empty one."""
    rounds = 3 if quick else 10
    few_s, _ = _scrape_s(place, rounds=rounds)
    _fill(place.env["CHAOS_OTEL_STATE_DIR"])
    full_s, size_bytes = _scrape_s(place, rounds=rounds)
    what = f"serve: a scrape, {MAX_SERIES} series of each metric"
    return [
        Row("serve: a scrape, an empty store", "-", few_s * 1e3, "ms"),
        Row(what, "-", full_s, "s", LIMIT_S),
        Row(f"{what}: its size", "-", size_bytes / 1e6, "MB"),
    ]


def _fill(state: str) -> None:
    now_ns = time.time_ns()
    with Database(state) as database:
        for number in range(MAX_SERIES):
            measures = [_measure(one, number=number, at_ns=now_ns) for one in INSTRUMENTS]
            count_run(database, f"{number:032x}", measures, now_wall_ns=now_ns - 10**12)


def _measure(instrument: Instrument, *, number: int, at_ns: int) -> Measure:
    names = list(instrument.labels)
    if instrument.name.startswith("script."):
        names += [LABEL_SCRIPT, LABEL_ENVIRONMENT]
    labels: Labels = tuple(sorted((name, f"value-{number}") for name in names))
    if instrument.kind == "counter":
        return Increment(instrument.name, labels, 1.0)
    if instrument.kind == "histogram":
        return Observation(instrument.name, labels, 12.5)
    return Level(instrument.name, labels, 12.5, at_ns)


def _scrape_s(place: Place, *, rounds: int) -> tuple[float, int]:
    """The median, and the size before gzip."""
    for address in _served(place):
        request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
        taken_s, body = [], b""
        for _ in range(rounds + 1):
            begun_s = time.perf_counter()
            with urllib.request.urlopen(request, timeout=60) as response:
                body = response.read()
            taken_s.append(time.perf_counter() - begun_s)
        return statistics.median(taken_s[1:]), len(gzip.decompress(body))
    raise RuntimeError("chaos-otel serve did not start")


def _served(place: Place) -> Iterator[str]:
    """The address of a service that lives as long as it is looked at."""
    argv = [place.chaos_otel, "serve", "--no-deliver", "--listen", "127.0.0.1:0"]
    service = subprocess.Popen(
        argv, env=place.env, cwd=place.folder, stderr=subprocess.PIPE, text=True
    )
    assert service.stderr is not None
    try:
        if select.select([service.stderr], [], [], _STARTED_S)[0]:
            found = re.search(r"http://\S+", service.stderr.readline())
            if found:
                yield found[0]
    finally:
        service.terminate()
        service.wait()
