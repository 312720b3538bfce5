"""Forwards to one destination, on a thread of its own: the run that is under way first, then what
waits from before.

Nothing heavy is loaded before there is something to send and the destination may be tried. The
journal is the queue: what cannot be sent stays there, and the cursor in the store says how far it
got.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from chaos_otel.errors import ChaosOtelError, in_words
from chaos_otel.exporters.answer import Delivered
from chaos_otel.measures import Series
from chaos_otel.pipeline.forward_backlog import Backlog
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_metrics import send_series, series_now
from chaos_otel.pipeline.forward_orders import Orders, OutOfTimeError
from chaos_otel.pipeline.forward_run import RunForwarding
from chaos_otel.pipeline.forward_settle import have_settled

POLL_S: Final = 0.1
# a run that is over before sends its metrics once, at its end
FIRST_METRICS_S: Final = 1.0


class Patience(NamedTuple):
    """How long to wait for a destination when nothing else is left to do: where it named the time
    itself, and where it is our guess."""

    asked_s: float
    guessed_s: float


# at a run's end somebody waits: only for who said that it will be ready in time
AT_THE_END: Final = Patience(float("inf"), 0.0)


class Worker:
    """`over` is set when nothing more can be done for the live run, or there is none. `problem`
    says what stopped us, `refusal` what somebody else has found out about the destination; the
    other attributes may be read at any time.

    `make` is called on the worker's thread: what it makes has connections for one thread.
    """

    def __init__(
        self,
        key: str,
        *,
        make: Callable[[], Dispatch],
        orders: Orders,
        live_folder: str = "",
        backlog: Callable[[Dispatch], Backlog],
        on_error: Callable[[Exception], object],
        patience: Patience = AT_THE_END,
    ) -> None:
        self.key = key
        self.over = threading.Event()
        self.problem = ""
        self.refusal = ""
        self.dispatch: Dispatch | None = None
        self.live: RunForwarding | None = None
        self.live_done = not live_folder
        self.sent_metrics = False
        self._live_folder = live_folder
        self._make = make
        self._orders = orders
        self._make_backlog = backlog
        self.backlog: Backlog | None = None
        self._on_error = on_error
        self._patience = patience
        self._before: list[Series] = []
        self._metrics_done = not live_folder
        self._metrics_due_s = time.monotonic() + FIRST_METRICS_S

    @property
    def is_loading(self) -> bool:
        """Whether it has not come to the point of sending anything."""
        return self.dispatch is None or not self.dispatch.sent_anything

    def start(self) -> threading.Thread:
        """Begin."""
        thread = threading.Thread(target=self.run, name=self.key, daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        """Work until there is nothing left to do, or no time. Raises nothing."""
        try:
            dispatch = self.dispatch = self._make()
            try:
                self._begin(dispatch)
                while self._turn(dispatch):
                    pass
            finally:
                self._close(dispatch)
        except OutOfTimeError:
            pass
        except (OSError, ChaosOtelError) as error:
            self.problem = in_words(error)
        except Exception as error:  # the edge: one destination's fault is no other's
            self.problem = f"an error of ours ({type(error).__name__})"
            self._on_error(error)
        finally:
            self.over.set()

    def _begin(self, dispatch: Dispatch) -> None:
        if self._live_folder:
            self.live = RunForwarding(
                dispatch, self._live_folder, is_over=lambda: self._orders.ended
            )
            self.live_done = self.live.done
        if not self._metrics_done and self._takes_metrics(dispatch):
            assert dispatch.ledger.database is not None
            self._before = series_now(dispatch.ledger.database, hold_s=dispatch.pace.hold_s)
        else:
            self._metrics_done = True
        self.backlog = self._make_backlog(dispatch)

    def _close(self, dispatch: Dispatch) -> None:
        for one in (self.live, self.backlog, dispatch):
            if one is not None:
                one.close()

    def _turn(self, dispatch: Dispatch) -> bool:
        """Do the next thing, or wait a little; False when all is done."""
        wait_s = dispatch.gate.wait_s()
        if wait_s > 0 or dispatch.gate.failures >= dispatch.attempts:
            return self._wait_out(dispatch, wait_s)
        if self._step_live() or self._step_metrics(dispatch):
            return True
        if self.live_done and self._metrics_done:
            self.over.set()
        assert self.backlog is not None
        if self.backlog.step():
            return True
        if self.over.is_set():
            return False
        self.backlog.look_again()
        self._orders.wait(POLL_S)
        return self._orders.left_s > 0

    def _step_live(self) -> bool:
        if self.live_done:
            return False
        assert self.live is not None
        moved = self.live.step()
        self.live_done = self.live.done
        return moved or self.live_done

    def _wait_out(self, dispatch: Dispatch, wait_s: float) -> bool:
        """The destination is to be left alone: while the command runs that costs nothing,
        afterwards only our patience."""
        gate = dispatch.gate
        if self._live_folder and not self._orders.ended:
            self._orders.wait(min(max(wait_s, POLL_S), 1.0))
            gate.failures = 0 if not gate.wait_s() else gate.failures
            return True
        patience_s = self._patience.asked_s if gate.asked_to_wait else self._patience.guessed_s
        again = 0 < gate.failures < dispatch.attempts and not gate.paused
        if not (again and wait_s < min(patience_s, self._orders.left_s)):
            return False
        self._orders.wait(wait_s)
        return True

    def _takes_metrics(self, dispatch: Dispatch) -> bool:
        return "metrics" in dispatch.destination.urls and dispatch.ledger.database is not None

    def _step_metrics(self, dispatch: Dispatch) -> bool:
        """Send a snapshot if one is due: at first, each flush interval, when the run is counted."""
        if self._metrics_done:
            return False
        assert self.live is not None
        if self.live.given_up:
            self._metrics_done = True  # who revokes means the counters as well
            return False
        last = self.live_done and self._orders.counted
        if not last and (self._orders.ended or time.monotonic() < self._metrics_due_s):
            return False
        self._metrics_due_s = time.monotonic() + max(1.0, dispatch.pace.flush_interval_s)
        self._metrics_done = last
        script = self.live.script if dispatch.destination.means == "flag" else ""
        if dispatch.destination.means == "flag" and not script:
            return False
        sent = send_series(dispatch, script=script, before=self._before)
        self.sent_metrics = self.sent_metrics or isinstance(sent.answer, Delivered)
        if not isinstance(sent.answer, Delivered | None):
            self._metrics_done = self._metrics_done or self._orders.ended
        elif last and sent.answer is not None:
            have_settled(dispatch, script=script, shown_wall_ns=sent.at_wall_ns)
        return True
