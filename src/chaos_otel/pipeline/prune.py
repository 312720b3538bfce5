"""Deletes what `privacy.retention` lets go: the journals of old runs, notes about reports."""

from __future__ import annotations

from chaos_otel.pipeline.recover import run_ids
from chaos_otel.privacy.retention import removable


def prune(runs: str, *, now_s: float, max_age_s: float, max_bytes: int) -> int:
    """Delete the folders of runs past their retention; returns how many were deleted.

    A run that is under way is never touched.
    """
    stored = [_stored(runs, run_id) for run_id in run_ids(runs)]
    going = removable(stored, now_s=now_s, max_age_s=max_age_s, max_bytes=max_bytes)
    return sum(_remove(f"{runs}/{run.run_id}") for run in going)
