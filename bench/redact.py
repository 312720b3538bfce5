"""What redaction costs: microseconds a line, a name, and megabytes a second of output."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from chaos_otel.privacy import Redactor

LINES = (
    "2026-10-04T12:00:01Z INFO  copying build/app.tar.gz to /srv/app/releases/20261004  ok",
    "deployment.apps/frontend configured (dry run), waiting for 3 replicas to become ready",
    "  [ 56%] Building CXX object src/CMakeFiles/shop.dir/checkout/basket_controller.cpp.o",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08: Pull complete",
    "GET https://shop.test/api/v1/orders?page=2&size=50 200 in 12.3 ms, 4312 bytes (cached)",
    "Setting up python3-requests (2.31.0+dfsg-1) over (2.28.1+dfsg-1), processing triggers",
)
SECRET_LINE = 'connecting to postgres://app:hunter2@db/shop with {"apiKey": "abcdef", "n": 1}'
NAMES = ("step 12345", "deployment", "migrate the database", "restart web-3.example.com")


def environment(secrets: int) -> list[bytes]:
    """A CI job's environment: some variables, and so many secrets."""
    plain = [b"VARIABLE_%d=/usr/local/value/%d" % (number, number) for number in range(60)]
    return plain + [b"SERVICE_%d_TOKEN=tok-%032x" % (n, n * 2**70 // 3) for n in range(secrets)]


def micros(work: Callable[[], object], *, pieces: int) -> float:
    """The best of five rounds, for one piece."""
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(500):
            work()
        best = min(best, time.perf_counter() - begin)
    return best * 1e6 / 500 / pieces


def import_ms() -> float:
    """What the import adds to an interpreter that has `re`; the best of five."""
    code = (
        "import re, typing, contextlib, time; begin = time.perf_counter();"
        "import chaos_otel.privacy; print((time.perf_counter() - begin) * 1e3)"
    )
    run = [sys.executable, "-c", code]
    return min(float(subprocess.run(run, capture_output=True, check=True).stdout) for _ in range(5))


def main() -> None:
    """Print one line for each figure."""
    output = "".join(f"{line}\n" for line in LINES * 60).encode()
    print(f"import of privacy                     {import_ms():8.2f} ms")
    for secrets in (0, 5, 50):
        begin = time.perf_counter()
        redactor = Redactor.from_environment(environment(secrets))
        made_ms = (time.perf_counter() - begin) * 1e3
        names = micros(lambda: [redactor.text(name) for name in NAMES], pieces=len(NAMES))
        lines = micros(lambda: [redactor.text(line) for line in LINES], pieces=len(LINES))
        secret = micros(lambda: redactor.text(SECRET_LINE), pieces=1)
        begin = time.perf_counter()
        stream = redactor.stream()
        for _ in range(20):
            stream.feed(output)
        rate = 20 * len(output) / (time.perf_counter() - begin) / 1e6
        print(f"{secrets:3} known secrets: made in             {made_ms:8.2f} ms")
        print(f"     a short name                     {names:8.2f} µs")
        print(f"     an ordinary line of 85 bytes     {lines:8.2f} µs")
        print(f"     a line with two secrets          {secret:8.2f} µs")
        print(f"     a stream of ordinary lines       {rate:8.2f} MB/s")


if __name__ == "__main__":
    main()
