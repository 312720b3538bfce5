"""Which file a run's report goes to, so that the report of a later run is never replaced.

    STATE/reports/HASH-OF-PATH     the id of the run whose report stands at that path

Run ids sort by the start of their runs. A report that comes too late (its run was recovered, or
slow) lies in its run's folder instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from chaos_otel.config.folders import open_private, private_folder

REPORT_NAME = "chaos_report.json"
_RUN_ID_DIGITS = 32


@contextmanager
def report_place(report: str, *, run_id: str, run_folder: str, reserved: str = "") -> Iterator[str]:
    """The path to write the report to; holds it against other runs until the report is written.

    `reserved` is the path that a run which is under way is going to write to.

    Raises StateError or OSError where the state folder cannot be used.
    """
    state = run_folder.rpartition("/runs/")[0]
    name = hashlib.sha256(os.fsencode(report)).hexdigest()[:32]
    fd = open_private(f"{private_folder(f'{state}/reports')}/{name}", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        before = os.pread(fd, _RUN_ID_DIGITS, 0).decode("ascii", "replace")
        if report == reserved or (before > run_id and os.path.exists(report)):
            yield f"{run_folder}/{REPORT_NAME}"
            return
        yield report
        os.pwrite(fd, run_id.encode("ascii"), 0)
    finally:
        os.close(fd)
