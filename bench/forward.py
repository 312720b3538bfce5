"""Records rendered and sent by `chaos-otel deliver`, and the memory that takes."""

from __future__ import annotations

import subprocess
import sys
import time

from bench import feeder, sinks
from bench.memory import PeakMemory
from bench.place import Place
from bench.row import Row

SAMPLE_S = 0.05


def measure(place: Place, *, quick: bool) -> list[Row]:
    """From a journal that waits to the last acknowledgement."""
    steps = 10_000 if quick else 100_000
    lines = place.folder / "forwarded"
    feeder.write(lines, steps)
    with sinks.taking() as url:
        run = [place.chaos_otel, "run", "--otlp", url, "--export-wait", "0", "--"]
        run += [sys.executable, feeder.__file__, str(lines)]
        # nothing goes while it runs: no batch is ever full, or old
        env = place.env | {"TELEMETRY_BATCH_SIZE": "10000000", "TELEMETRY_FLUSH_INTERVAL": "1h"}
        subprocess.run(run, env=env, cwd=place.folder, check=True, capture_output=True)
        time.sleep(1)
        took_s, peak, told = _deliver(place)
    note = "" if f"{steps + 2:,} records" in told else f"not all arrived: {told.strip()}"
    return [
        Row(f"{steps:,} spans rendered and sent", "-", steps / took_s, "/s", note=note),
        Row(f"{steps:,} spans: peak memory of deliver", "-", peak.megabytes, "MB", 150),
    ]


def _deliver(place: Place) -> tuple[float, PeakMemory, str]:
    begun_s = time.perf_counter()
    with subprocess.Popen(
        [place.chaos_otel, "deliver"],
        env=place.env,
        cwd=place.folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as deliver:
        peak = PeakMemory(lambda: deliver.pid)
        while deliver.poll() is None:
            peak.sample()
            time.sleep(SAMPLE_S)
        took_s = time.perf_counter() - begun_s
        assert deliver.stdout is not None
        return took_s, peak, deliver.stdout.read()
