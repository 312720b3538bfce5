"""What a forwarding process has been told: that the run is over, that it is counted, when to stop.

Shared by the threads of the process; knows neither destinations nor pipes.
"""

from __future__ import annotations

import threading
import time


class OutOfTimeError(Exception):
    """The time for this is over; what was not acknowledged stays where it is."""


class Orders:
    """Set by one thread, waited for by the others. Times are of the monotonic clock, in seconds."""

    def __init__(self, *, until_s: float = float("inf")) -> None:
        self._news = threading.Condition()
        self._until_s = until_s
        self._ended = False
        self._counted = False

    @property
    def ended(self) -> bool:
        """Whether the journal of the run is complete."""
        return self._ended

    @property
    def counted(self) -> bool:
        """Whether the counters have been added to, or will not be."""
        return self._counted

    @property
    def left_s(self) -> float:
        """How long there is still time; never negative."""
        return max(0.0, self._until_s - time.monotonic())

    def end(self, *, until_s: float) -> None:
        """The journal is complete; all has to be over by then."""
        with self._news:
            self._ended = True
            self._until_s = until_s
            self._news.notify_all()

    def count(self) -> None:
        """The run has been counted."""
        with self._news:
            self._counted = True
            self._news.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait so long, or for another order, or for the end of the time."""
        with self._news:
            self._news.wait(max(0.0, min(seconds, self.left_s)))

    def sleep(self, seconds: float) -> None:
        """Wait so long whatever is ordered; OutOfTimeError where there is not so much time."""
        until_s = time.monotonic() + seconds
        while (wait_s := until_s - time.monotonic()) > 0:
            if wait_s > self.left_s:
                raise OutOfTimeError
            self.wait(min(wait_s, 3600.0))
