"""The last runs, from the heads and the tails of their journals: never from the whole of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from chaos_otel.config.folders import open_private
from chaos_otel.errors import StateError
from chaos_otel.journal import line
from chaos_otel.pipeline.live_runs import is_live
from chaos_otel.pipeline.run_folder import JOURNAL
from chaos_otel.pipeline.stored_runs import run_ids
from chaos_otel.records import Record, RunEnded, RunNamed, RunStarted
from chaos_otel.store.active import ActiveRun

_HEAD_BYTES = 1 << 18  # a run's start holds its whole command line
_TAIL_BYTES = 1 << 16


class LastRun(NamedTuple):
    """`result` is success, failure, interrupted, or `running`; `duration_s` None where unknown."""

    run_id: str
    name: str
    started_wall_ns: int
    result: str
    duration_s: float | None = None
    exit_code: int | None = None


def last_runs(runs: str, count: int) -> list[LastRun]:
    """The newest first; a run whose journal cannot be read is left out."""
    found = (_read(f"{runs}/{run_id}", run_id) for run_id in reversed(run_ids(runs)))
    return [run for run, _ in zip(filter(None, found), range(count), strict=False)]


def _read(folder: str, run_id: str) -> LastRun | None:
    try:
        fd = open_private(f"{folder}/{JOURNAL}", os.O_RDONLY)
    except (OSError, StateError):
        return None
    try:
        size = os.fstat(fd).st_size
        head = _records(os.pread(fd, _HEAD_BYTES, 0))
        started = next(head, None)
        tail = list(_records(os.pread(fd, _TAIL_BYTES, max(0, size - _TAIL_BYTES))))
    finally:
        os.close(fd)
    if not isinstance(started, RunStarted):
        return None
    name = _name(started, head)
    ended = next((one for one in reversed(tail) if isinstance(one, RunEnded)), None)
    if ended is None:
        live = is_live(ActiveRun(run_id, folder, "", "", started.wall_ns))
        result = "running" if live else "interrupted"
        return LastRun(run_id, name, started.wall_ns, result)
    duration_s = max(0, ended.mono_ns - started.mono_ns) / 1e9
    return LastRun(run_id, name, started.wall_ns, _result(ended), duration_s, ended.exit_code)


def _name(started: RunStarted, head: Iterator[Record]) -> str:
    """As in its report: the first script's own name, unless somebody named the run."""
    named = next((one.name for one in head if isinstance(one, RunNamed)), "")
    return started.name if started.named else named or started.name


def _records(data: bytes) -> Iterator[Record]:
    for one in data.split(b"\n"):
        entry = line.decode(one)
        if entry is not None:
            yield entry.record


def _result(ended: RunEnded) -> str:
    if ended.interrupted:
        return "interrupted"
    failed = ended.exit_code or ended.signal is not None or ended.timed_out
    return "failure" if failed else "success"
