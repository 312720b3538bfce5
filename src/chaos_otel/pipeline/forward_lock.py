"""Who forwards what: one process at a time for each run and destination, and for its metrics."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from chaos_otel.config.folders import open_private, private_folder
from chaos_otel.errors import ChaosOtelError

LOCKS = "forward"


@contextmanager
def run_lock(folder: str, key: str) -> Iterator[bool]:
    """Whether nobody else sends this run to this destination; meanwhile we do."""
    with _held(f"{folder}/forward-{short_name(key)}.lock") as fd:
        yield fd >= 0


@contextmanager
def metrics_lock(state: str, key: str) -> Iterator[int]:
    """A descriptor of a file that is ours alone while we send metrics there; negative where another
    process is at it."""
    try:
        folder = private_folder(f"{state}/{LOCKS}")
    except ChaosOtelError:
        yield -1
        return
    with _held(f"{folder}/{short_name(key)}.metrics") as fd:
        yield fd


def short_name(key: str) -> str:
    """A destination's key as a file's name."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@contextmanager
def _held(path: str) -> Iterator[int]:
    try:
        fd = open_private(path, os.O_RDWR | os.O_CREAT)
    except (OSError, ChaosOtelError):
        yield -1
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield -1
            return
        yield fd
    finally:
        os.close(fd)
