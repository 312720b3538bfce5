"""Removes a run, or what lay in memory beside it. Quick to import."""

from __future__ import annotations

import os

from chaos_otel.pipeline.plan import plan_path


def clear_memory(inbox: str) -> None:
    """Remove inbox and plan: what they held is in the journal, redacted."""
    for path in (inbox, plan_path(inbox), f"{plan_path(inbox)}.new"):
        _unlink(path)


def remove_run(folder: str, inbox: str) -> None:
    """Delete all of a run, as far as it is there."""
    clear_memory(inbox)
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        _unlink(f"{folder}/{name}")
    try:
        os.rmdir(folder)
    except OSError:
        pass


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
