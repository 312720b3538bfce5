"""Which run folders may go: a decision over figures; removes nothing, reads no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

DEFAULT_MAX_AGE_S = 14 * 24 * 3600.0
DEFAULT_MAX_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run's folder. `ended_wall_s` is None where its end was never written.

    `delivered`: its local outputs were written. `live`: some process still works on it. `waiting`:
    it is still to be forwarded.
    """

    run_id: str
    size_bytes: int
    ended_wall_s: float | None
    delivered: bool
    live: bool
    waiting: bool = False

    @property
    def stays(self) -> bool:
        """Whether it may not be removed, whatever its age and size."""
        return self.live or self.waiting


@dataclass(frozen=True, slots=True)
class Removable:
    """Run ids, oldest first. What is `lost` was not delivered: its removal is to be counted."""

    delivered: tuple[str, ...]
    lost: tuple[str, ...]


def removable(
    runs: Iterable[StoredRun],
    *,
    now_wall_s: float,
    max_age_s: float = DEFAULT_MAX_AGE_S,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Removable:
    """Which runs may be removed.

    A live run never is, nor one that waits to be forwarded (`overdue` decides about those), though
    their size counts. A run past `max_age_s` is, delivered or not. While the rest is more than
    `max_bytes`, delivered runs go, oldest first, and only when none is left those that were not
    delivered. A run without an end is as old as its id says (a UUIDv7 begins with its start); one
    from the future is new: a clock that jumped removes nothing.
    """
    everything = sorted(runs, key=_age_order)
    kept = [run for run in everything if run.stays or now_wall_s - _at(run) <= max_age_s]
    gone = {run.run_id for run in everything} - {run.run_id for run in kept}
    excess = sum(run.size_bytes for run in kept) - max_bytes
    for run in sorted(kept, key=lambda run: not run.delivered):
        if excess <= 0:
            break
        if not run.stays:
            gone.add(run.run_id)
            excess -= run.size_bytes
    return Removable(
        tuple(run.run_id for run in everything if run.run_id in gone and run.delivered),
        tuple(run.run_id for run in everything if run.run_id in gone and not run.delivered),
    )


class WaitingRun(NamedTuple):
    """A run that some destination has not got since then."""

    run_id: str
    size_bytes: int
    since_wall_s: float


class Overdue(NamedTuple):
    """Run ids, oldest first."""

    too_old: tuple[str, ...]
    too_many: tuple[str, ...]


def overdue(
    runs: Iterable[WaitingRun], *, now_wall_s: float, max_age_s: float, max_bytes: int
) -> Overdue:
    """Which runs have waited to be forwarded for too long, and which of the rest, oldest first, are
    more than may wait. One from the future is new: a clock that jumped gives up nothing."""
    everything = sorted(runs, key=lambda run: (run.since_wall_s, run.run_id))
    old = [run for run in everything if now_wall_s - run.since_wall_s > max_age_s]
    kept = everything[len(old) :]
    excess = sum(run.size_bytes for run in kept) - max_bytes
    many = []
    for run in kept:
        if excess <= 0:
            break
        many.append(run.run_id)
        excess -= run.size_bytes
    return Overdue(tuple(run.run_id for run in old), tuple(many))


def _at(run: StoredRun) -> float:
    return run.ended_wall_s if run.ended_wall_s is not None else _started_wall_s(run.run_id)


def _age_order(run: StoredRun) -> tuple[float, str]:
    return _at(run), run.run_id


def _started_wall_s(run_id: str) -> float:
    """The start that a UUIDv7 begins with; another id is new for ever: only size removes it."""
    try:
        millis = int(run_id.replace("-", "")[:12], 16)
    except ValueError:
        return float("inf")
    return millis / 1000 if run_id.replace("-", "")[12:13] == "7" else float("inf")
