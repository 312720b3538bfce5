"""Says in the store that a run is under way, once it has lasted long enough for anybody to ask."""

from __future__ import annotations

import time
from typing import Final

from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.plan import Plan

AFTER_S: Final = 1.0
AGAIN_S: Final = 5.0
# `deliver` has the command's outputs to watch over
BUSY_S: Final = 0.2


class UnderWay:
    """For one run; `state` is "" where there are no counters. What the store refuses is no loss: it
    is asked again."""

    def __init__(self, plan: Plan, state: str) -> None:
        self._plan = plan
        self._state = state
        self._said = ""
        self._due_s = time.monotonic() + AFTER_S

    def turn(self, name: str) -> None:
        """Say it if it is time to, and again under another name."""
        if self._state and name != self._said and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + AGAIN_S
            self.say(name)

    def say(self, name: str) -> None:
        """Say it now."""
        if not self._state:
            return
        plan = self._plan
        try:
            from chaos_otel.store.active import ActiveRun, begin_run
            from chaos_otel.store.database import Database

            run = ActiveRun(plan.run_id, plan.folder, name, plan.environment, plan.started_wall_ns)
            with Database(self._state, busy_s=BUSY_S) as database:
                begin_run(database, run)
            self._said = name
        except (ChaosOtelError, OSError, ImportError):
            pass
