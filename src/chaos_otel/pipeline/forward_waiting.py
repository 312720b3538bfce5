"""Forwards all that waits, with nobody waiting for an end: `chaos-otel deliver`, `import`."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from typing import Any, Final

from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import Loaded
from chaos_otel.errors import StateError
from chaos_otel.exporters.grpc_surroundings import set_apart
from chaos_otel.pipeline.forward_crew import Place, crew
from chaos_otel.pipeline.forward_orders import Orders
from chaos_otel.pipeline.forward_outcome import give_up, outcomes
from chaos_otel.pipeline.forward_worker import AT_THE_END, Patience, Worker
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.run_folder import RUNS
from chaos_otel.pipeline.waiting import WaitingRun, waiting_runs
from chaos_otel.store.database import Database

PATIENT: Final = Patience(asked_s=120.0, guessed_s=10.0)
_LOOK_S: Final = 0.1
Progress = Callable[[list[dict[str, Any]]], None]


def forward_waiting(
    loaded: Loaded,
    environment: Environment,
    *,
    only: Container[str] | None = None,
    within_s: float = float("inf"),
    on_error: Callable[[Exception], object],
    progress: Progress = lambda _: None,
) -> list[dict[str, Any]]:
    """Send what waits (of the runs `only`) where it may be sent now, as far as it goes.

    Gives for each destination what `outcomes` says, and `waiting`: how many runs still wait for it.
    """
    state = loaded.settings.state_dir
    place = Place(
        state=state,
        runs=f"{state}/{RUNS}",
        cwd=working_folder(),
        loaded=loaded,
        environment=environment,
        pace=Pace.of(loaded.settings),
        on_error=on_error,
    )
    set_apart()
    orders = Orders()
    orders.end(until_s=time.monotonic() + within_s)
    orders.count()
    patience = PATIENT if within_s == float("inf") else AT_THE_END
    workers = crew(place, orders, only=only, patience=patience)
    _work(workers, orders, progress)
    give_up(place, workers)
    return _with_waiting(place, workers, only)


def _work(workers: list[Worker], orders: Orders, progress: Progress) -> None:
    threads = [worker.start() for worker in workers]
    for thread in threads:
        while thread.is_alive() and orders.left_s > 0:
            thread.join(min(_LOOK_S, orders.left_s))
            progress(outcomes(workers))


def _with_waiting(
    place: Place, workers: list[Worker], only: Container[str] | None
) -> list[dict[str, Any]]:
    left: dict[str, int] = {}
    for run in _waiting(place):
        if only is None or run.run_id in only:
            left[run.destination.key] = left.get(run.destination.key, 0) + 1
    return [one | {"waiting": left.get(one["destination"], 0)} for one in outcomes(workers)]


def _waiting(place: Place) -> list[WaitingRun]:
    """A run that one destination has and another has not waits for that other one alone."""
    try:
        with Database(place.state) as database:
            return waiting_runs(place.runs, database)
    except StateError:
        return waiting_runs(place.runs, None)
