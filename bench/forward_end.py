"""What a destination costs the end of a run, by how it is; beside it OpenTelemetry's own way."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import count
from types import MappingProxyType

from bench import sinks
from bench.place import Place
from bench.row import Row
from bench.timing import wall_s

COMMAND = ("sleep", "1")
BUDGET_S = 2.0
# what a program does that brings OpenTelemetry with it: spans, and shutdown at its end
STOCK = """
import sys, time
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(sys.argv[1] + "/v1/traces")))
with provider.get_tracer("bench").start_as_current_span("run"):
    time.sleep(1)
ended = time.monotonic()
provider.shutdown()
print(time.monotonic() - ended)
"""
SINKS: Mapping[str, Callable[[], AbstractContextManager[str]]] = MappingProxyType(
    {"takes everything": sinks.taking, "refuses": sinks.refusing, "is silent": sinks.silent}
)
LIMITS_MS: Mapping[str, float | None] = MappingProxyType(
    {"takes everything": None, "refuses": 50.0, "is silent": (BUDGET_S + 0.1) * 1000}
)


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Milliseconds that a run is longer than one without a destination."""
    return list(_rows(place, pairs=3 if quick else 11))


def _rows(place: Place, *, pairs: int) -> Iterator[Row]:
    worlds = count()
    for state, sink in SINKS.items():
        with sink() as url:
            added_s = statistics.median(_added_s(place, url, worlds) for _ in range(pairs))
            stock_ms = _stock_s(place, url) * 1000
        yield Row(
            f"end of a run: destination {state}",
            f"stock pipeline: {stock_ms:,.0f} ms",
            max(0.0, added_s) * 1000,
            "ms",
            LIMITS_MS[state],
        )


def _added_s(place: Place, url: str, worlds: Iterator[int]) -> float:
    """Each run in a state folder of its own: what a destination did to the last one counts."""
    without = _run_s(place, f"without{next(worlds)}")
    return _run_s(place, f"with{next(worlds)}", "--otlp", url) - without


def _run_s(place: Place, world: str, *flags: str) -> float:
    state = place.folder / world
    here = Place(
        place.folder,
        place.env | {"CHAOS_OTEL_STATE_DIR": str(state)},
        place.chaos_otel,
        place.stamp,
    )
    return wall_s(here, [place.chaos_otel, "run", *flags, "--", *COMMAND])


def _stock_s(place: Place, url: str) -> float:
    """How long its shutdown holds the program."""
    command = [sys.executable, "-c", STOCK, url]
    begun_s = time.monotonic()
    done = subprocess.run(
        command, env=place.env, cwd=place.folder, check=False, capture_output=True, text=True
    )
    words = done.stdout.split()
    return float(words[-1]) if words else time.monotonic() - begun_s
