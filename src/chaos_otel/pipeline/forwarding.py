"""`deliver`'s side of forwarding: starts the process that sends, tells it what happens, hears what
came of it.

Quick to import; does nothing at all for a run that has no destination and finds nothing waiting.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

from chaos_otel.pipeline.destinations_file import waits
from chaos_otel.pipeline.handover import spawn_detached
from chaos_otel.pipeline.plan import Plan, plan_path
from chaos_otel.pipeline.stored_runs import run_ids
from chaos_otel.runner.descriptors import pipe_above_2

MODULE = "chaos_otel.pipeline.forward"


class Forwarding:
    """Nothing here raises: what is not sent now waits in the run's folder."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._orders_fd = self._answers_fd = -1
        self._until_s = 0.0
        self.problem = ""

    def start(self) -> None:
        """Start the process, if there is something to forward."""
        if not self._plan.destinations and not _something_waits(self._plan):
            return
        try:
            self._start()
        except OSError as error:
            self.problem = f"nothing was forwarded ({error.strerror}); it waits for the next run"

    def end(self, ended_mono_s: float) -> None:
        """The journal is complete, and the command has ended then (0: now): from that moment the
        time that is left counts."""
        self._until_s = (ended_mono_s or time.monotonic()) + self._plan.pace.export_wait_s
        self._order({"end": self._until_s})

    def counted(self) -> None:
        """The counters have been added to."""
        self._order({"counted": True})

    def finish(self) -> list[dict[str, Any]]:
        """What came of each destination, as soon as that is known and not later than the budget
        allows; empty where nothing was said, or this run has no destination."""
        text = b""
        if self._plan.destinations and self._answers_fd >= 0:
            while not text.endswith(b"\n") and self._ready():
                chunk = os.read(self._answers_fd, 65536)
                if not chunk:
                    break
                text += chunk
        self._close()
        try:
            told = json.loads(text)
        except ValueError:
            return []
        return told if isinstance(told, list) else []

    def _start(self) -> None:
        orders_fd, self._orders_fd = pipe_above_2()
        self._answers_fd, answers_fd = pipe_above_2()
        try:
            words = [plan_path(self._plan.inbox), str(orders_fd), str(answers_fd)]
            spawn_detached(["-m", MODULE, *words], inherit=[orders_fd, answers_fd])
        except OSError:
            self._close()
            raise
        finally:
            os.close(orders_fd)
            os.close(answers_fd)

    def _ready(self) -> bool:
        poll = select.poll()
        poll.register(self._answers_fd, select.POLLIN)
        left_s = self._until_s - time.monotonic()
        return bool(poll.poll(max(0, round(left_s * 1000))))

    def _order(self, order: dict[str, object]) -> None:
        if self._orders_fd < 0:
            return
        try:
            os.write(self._orders_fd, ascii(order).encode("ascii") + b"\n")
        except OSError:
            pass  # it is gone: what it did not send waits

    def _close(self) -> None:
        """The end of orders is no order: the process goes on with what waits until its time is
        over."""
        for fd in (self._orders_fd, self._answers_fd):
            if fd >= 0:
                os.close(fd)
        self._orders_fd = self._answers_fd = -1


def _something_waits(plan: Plan) -> bool:
    runs = os.path.dirname(plan.folder)
    return any(waits(f"{runs}/{run_id}") for run_id in run_ids(runs))
