"""What redaction costs: microseconds a line and a name, megabytes a second of output."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.place import Place
from bench.row import Row
from chaos_otel.privacy.redact import Redactor

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
OUTPUT = "".join(f"{line}\n" for line in LINES * 60).encode()
KNOWN_SECRETS = (0, 5, 50)
ALONE = "-"


def measure(_: Place, *, quick: bool) -> list[Row]:
    """With no, a few and many secrets known from the environment."""
    rounds = 50 if quick else 500
    return [row for known in KNOWN_SECRETS for row in _rows(known, rounds)]


def _rows(known: int, rounds: int) -> list[Row]:
    redactor = Redactor.from_environment(_environment(known))
    stream = redactor.stream()
    name_s = _best_s(lambda: [redactor.text(name) for name in NAMES], rounds) / len(NAMES)
    line_s = _best_s(lambda: [redactor.text(line) for line in LINES], rounds) / len(LINES)
    secret_s = _best_s(lambda: redactor.text(SECRET_LINE), rounds)
    output_s = _best_s(lambda: stream.feed(OUTPUT), max(1, rounds // 50))
    what = f"redaction, {known} known secrets: "
    return [
        Row(f"{what}a short name", ALONE, name_s * 1e6, "µs"),
        Row(f"{what}an ordinary line of 85 bytes", ALONE, line_s * 1e6, "µs"),
        Row(f"{what}a line with two secrets", ALONE, secret_s * 1e6, "µs"),
        Row(f"{what}a stream of ordinary lines", ALONE, len(OUTPUT) / output_s / 1e6, "MB/s"),
    ]


def _environment(secrets: int) -> list[bytes]:
    """A CI job's environment: some variables, and so many secrets."""
    plain = [b"VARIABLE_%d=/usr/local/value/%d" % (number, number) for number in range(60)]
    return plain + [b"SERVICE_%d_TOKEN=tok-%032x" % (n, n * 2**70 // 3) for n in range(secrets)]


def _best_s(work: Callable[[], object], rounds: int) -> float:
    """Seconds of one call in the best of five batches."""
    batches = []
    for _ in range(5):
        begun_s = time.perf_counter()
        for _ in range(rounds):
            work()
        batches.append(time.perf_counter() - begun_s)
    return min(batches) / rounds
