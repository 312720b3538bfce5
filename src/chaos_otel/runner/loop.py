"""One `poll`, the functions that its descriptors call, and those that a time calls."""

from __future__ import annotations

import heapq
import itertools
import math
import select
import time
from collections.abc import Callable
from typing import TypeAlias

Callback: TypeAlias = Callable[[int], None]

READ = select.POLLIN | select.POLLHUP | select.POLLERR
WRITE = select.POLLOUT | select.POLLERR


class Timer:
    """Something to be done once, later. `cancel` may be called at any time, also afterwards."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never do it."""
        self._callback = None

    def fire(self) -> None:
        """Do it, once."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Loop:
    """Call what is registered for a descriptor when the descriptor is ready. Owns no descriptor."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._callbacks: dict[int, Callback] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def add(self, fd: int, events: int, callback: Callback) -> None:
        """Call `callback(revents)` whenever one of `events` holds; once per descriptor."""
        self._callbacks[fd] = callback
        self._poll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        """Wait for other events of a registered descriptor; 0 waits for hang-up and error alone."""
        self._poll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forget the descriptor; nothing happens if it is not registered."""
        if self._callbacks.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback()` once, `delay_s` from now, in a turn."""
        timer = Timer(callback)
        entry = (time.monotonic() + delay_s, next(self._order), timer)
        heapq.heappush(self._timers, entry)
        return timer

    def turn(self, timeout_s: float | None) -> bool:
        """Wait once, at most `timeout_s` (None: for ever) or until a timer is due, and call back.

        False if no descriptor was ready.
        """
        if self._timers:
            left_s = max(0.0, self._timers[0][0] - time.monotonic())
            timeout_s = left_s if timeout_s is None else min(timeout_s, left_s)
        ready = self._poll.poll(
            None if timeout_s is None else math.ceil(max(0.0, timeout_s) * 1000)
        )
        for fd, revents in ready:
            callback = self._callbacks.get(fd)
            if callback is not None:
                callback(revents)
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2].fire()
        return bool(ready)
