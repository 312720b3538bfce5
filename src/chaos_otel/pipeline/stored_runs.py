"""The runs that lie in a folder, and whether somebody still works on one. Quick to import."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from chaos_otel.config.folders import open_private
from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.run_folder import LOCK


def run_ids(runs: str) -> list[str]:
    """The runs of a folder, the oldest first."""
    try:
        return sorted(name for name in os.listdir(runs) if len(name) == 32)
    except OSError:
        return []


@contextmanager
def dead_run(folder: str) -> Iterator[bool]:
    """Whether nobody holds the run; meanwhile we do."""
    try:
        fd = open_private(f"{folder}/{LOCK}", os.O_RDWR)
    except (OSError, ChaosOtelError):
        yield False
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield os.path.isdir(folder)
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)
