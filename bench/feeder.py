"""Appends prepared lines to the inbox as fast as it takes them: what runs as the wrapped command.

As a program: `feeder.py FILE`. A write holds as many whole lines as fit into 64 KiB: writing each
line alone (2 µs a line) would measure the kernel.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from chaos_otel.emit.lines import encode, stamp

WRITE_BYTES = 65_536


def write(path: Path, steps: int) -> None:
    """Prepare a file of this many steps, each begun and ended, with ids and times of their own."""
    wall_ns, mono_ns = time.time_ns(), time.monotonic_ns()
    with path.open("wb") as file:
        for number in range(1, steps + 1):
            op, name = f"{number:016x}", f"step {number % 100}"
            file.write(encode("S", op, stamp(wall_ns + number, mono_ns + number), "", name))
            ended = stamp(wall_ns + number + 500, mono_ns + number + 500)
            file.write(encode("E", op, ended, name, "ok", ""))


def feed(path: str, inbox: str) -> None:
    """Append the file, whole lines a write."""
    fd = os.open(inbox, os.O_WRONLY | os.O_APPEND)
    with open(path, "rb") as file:
        while chunk := file.read(WRITE_BYTES):
            os.write(fd, chunk + file.readline())
    os.close(fd)


if __name__ == "__main__":
    feed(sys.argv[1], os.environ["CHAOS_OTEL_INBOX"])
