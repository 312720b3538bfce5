"""Deletes what `privacy.retention` lets go: folders of old runs, notes about old reports."""

from __future__ import annotations

import os
import shutil

from chaos_otel.pipeline.destinations_file import waits
from chaos_otel.pipeline.run_folder import DELIVERED, is_delivered
from chaos_otel.pipeline.stored_runs import dead_run, run_ids
from chaos_otel.privacy.retention import StoredRun, removable


def prune(runs: str, *, now_wall_s: float, max_age_s: float, max_bytes: int) -> list[str]:
    """Delete the runs past their retention; returns those that were not delivered before, whose
    loss is to be told. A run that is under way is never touched."""
    stored = [_stored(runs, run_id) for run_id in run_ids(runs)]
    going = removable(stored, now_wall_s=now_wall_s, max_age_s=max_age_s, max_bytes=max_bytes)
    removed = [run_id for run_id in (*going.delivered, *going.lost) if _remove(f"{runs}/{run_id}")]
    _forget_reports(f"{os.path.dirname(runs)}/reports", before_s=now_wall_s - max_age_s)
    return [run_id for run_id in removed if run_id in going.lost]


def _stored(runs: str, run_id: str) -> StoredRun:
    folder = f"{runs}/{run_id}"
    with dead_run(folder) as dead:
        return StoredRun(
            run_id=run_id,
            size_bytes=sum(_size_bytes(f"{folder}/{name}") for name in _names(folder)),
            ended_wall_s=_delivered_s(folder),
            delivered=is_delivered(folder),
            live=not dead,
            waiting=waits(folder),
        )


def _remove(folder: str) -> bool:
    with dead_run(folder) as dead:
        if dead and not waits(folder):
            shutil.rmtree(folder, ignore_errors=True)
        return dead and not os.path.isdir(folder)


def _forget_reports(folder: str, *, before_s: float) -> None:
    """Which run wrote a report is of no use when no run from before it can come any more."""
    for name in _names(folder):
        path = f"{folder}/{name}"
        try:
            if os.lstat(path).st_mtime < before_s:
                os.unlink(path)
        except OSError:
            continue


def _delivered_s(folder: str) -> float | None:
    try:
        return os.lstat(f"{folder}/{DELIVERED}").st_mtime
    except OSError:
        return None


def _size_bytes(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
