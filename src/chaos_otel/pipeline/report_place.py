"""Which file a run's report goes to, so that the report of a later run is never replaced.

    STATE/reports/HASH-OF-PATH     the id of the run whose report stands at that path

Run ids sort by the start of their runs. A report that comes too late (its run was recovered, or
slow) lies in its run's folder instead. Where no note can be had, the time of the file there
decides.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from chaos_otel.config.folders import mended_folder, open_private
from chaos_otel.errors import StateError, in_words

REPORT_NAME = "chaos_report.json"
_RUN_ID_DIGITS = 32


class Place(NamedTuple):
    """`path` is the file to write; `problem` says in words what could not be noted."""

    path: str
    problem: str = ""


@contextmanager
def report_place(
    report: str, *, run_id: str, run_folder: str, reserved: str = "", name: str = REPORT_NAME
) -> Iterator[Place]:
    """Where to write the report; held against other runs until the report is written.

    `reserved` is the path that a run which is under way is going to write to, `name` what it is
    called in the run's folder. The same for any other file that a run leaves behind.
    """
    aside = f"{run_folder}/{name}"
    fd = -1
    try:
        fd, problem = _open_note(report, run_folder)
        later = _take(fd, run_id) and os.path.exists(report)
    except (OSError, StateError) as error:
        problem = in_words(error)
        later = _is_newer(report, run_id)
    try:
        yield Place(aside if later or report == reserved else report, problem)
    finally:
        if fd >= 0:
            os.close(fd)


def _take(fd: int, run_id: str) -> bool:
    """Note this run, unless the note is of a later one: then True."""
    fcntl.flock(fd, fcntl.LOCK_EX)
    noted = os.pread(fd, _RUN_ID_DIGITS, 0).decode("ascii", "replace")
    if noted > run_id and _started_s(noted) <= time.time():  # else the clock has been set back
        return True
    os.pwrite(fd, run_id.encode("ascii"), 0)
    return False


def _open_note(report: str, run_folder: str) -> tuple[int, str]:
    state = run_folder.rpartition("/runs/")[0]
    folder, problem = mended_folder(f"{state}/reports")
    name = hashlib.sha256(os.fsencode(report)).hexdigest()[:32]
    return open_private(f"{folder}/{name}", os.O_RDWR | os.O_CREAT), problem


def _is_newer(report: str, run_id: str) -> bool:
    """Without a note: whether the file there was written since the run began."""
    try:
        return _started_s(run_id) <= os.lstat(report).st_mtime <= time.time()
    except OSError:
        return False


def _started_s(run_id: str) -> float:
    """When the run began; for what is no run id, never."""
    try:
        return int(run_id[:12], 16) / 1000
    except ValueError:
        return float("inf")
