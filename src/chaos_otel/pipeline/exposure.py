"""The metrics of a run that is under way: a port to scrape, a textfile that is kept fresh.

Threads of `deliver`, so they end with it. What cannot be done is a line for the run's summary.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from chaos_otel.errors import ChaosOtelError, in_words
from chaos_otel.pipeline.plan import Plan

if TYPE_CHECKING:
    from chaos_otel.exporters.scrape_server import ScrapeServer
    from chaos_otel.pipeline.outlet import Outlet

# of a run that is over before, only the end is written
FIRST_AFTER_S = 1.0
REFRESH_S_MIN = 0.5
# others write to the store, and capture waits for us
BUSY_S = 1.0
_JOIN_S = 2.0


class Exposure:
    """Owns a thread and a socket where the plan asks for them; else it does nothing at all."""

    def __init__(self, plan: Plan, state: str) -> None:
        """`state` is "" where there are no counters."""
        self._plan = plan
        self._state = state
        self._hold_s = plan.pace.hold_s
        self._over = threading.Event()
        self._server: ScrapeServer | None = None
        self._refreshing: threading.Thread | None = None
        self._problems: list[str] = []

    def start(self) -> None:
        """Serve and write from now on. Raises nothing."""
        if not self._state and (self._plan.prometheus_port or self._plan.textfile):
            self._problems.append("no metrics: the run is kept in memory only, and not counted")
            return
        if self._plan.prometheus_port:
            self._serve()
        if self._plan.textfile:
            self._refreshing = threading.Thread(target=self._refresh, name="textfile", daemon=True)
            self._refreshing.start()

    def finish(self) -> list[str]:
        """The run is counted: write it down for the last time; what went wrong, a line each."""
        self._over.set()
        if self._refreshing is not None:
            self._refreshing.join(_JOIN_S)
            if problem := self._write(last=True):
                self._problems.append(problem)
        if self._server is not None:
            self._server.close()
        return self._problems

    def _serve(self) -> None:
        from chaos_otel.exporters.scrape_server import ScrapeServer
        from chaos_otel.pipeline.scrape import scrape

        try:
            self._server = ScrapeServer(
                self._plan.prometheus_port,
                lambda accept: scrape(self._state, hold_s=self._hold_s, accept=accept),
            )
        except ChaosOtelError as error:
            self._problems.append(str(error))

    def _refresh(self) -> None:
        from chaos_otel.pipeline import outlet  # loaded while the run goes on, not at its end

        assert outlet
        interval_s = max(REFRESH_S_MIN, self._plan.pace.scrape_interval_s)
        next_s = min(FIRST_AFTER_S, interval_s)
        while not self._over.wait(next_s):
            self._write(last=False)  # whether it can be written is told at the end
            next_s = interval_s

    def _write(self, *, last: bool) -> str:
        """Write the textfile; what went wrong."""
        from chaos_otel.pipeline.outlet import write_outlet

        try:
            write_outlet(self._state, self._outlet(), settle=last, busy_s=BUSY_S)
        except (OSError, ChaosOtelError) as error:
            return in_words(error)
        return ""

    def _outlet(self) -> Outlet:
        from chaos_otel.pipeline.outlet import Outlet

        return Outlet("textfile", self._plan.textfile, self._hold_s)
