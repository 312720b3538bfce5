"""One `poll` and the functions that its descriptors call."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import TypeAlias

Callback: TypeAlias = Callable[[int], None]

READ = select.POLLIN | select.POLLHUP | select.POLLERR
WRITE = select.POLLOUT | select.POLLERR


class Loop:
    """Call what is registered for a descriptor when the descriptor is ready. Owns no descriptor."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._callbacks: dict[int, Callback] = {}

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

    def turn(self, timeout_s: float | None) -> bool:
        """Wait once, at most `timeout_s` (None: for ever), and call back; False if nothing was ready."""
        ready = self._poll.poll(None if timeout_s is None else max(0, round(timeout_s * 1000)))
        for fd, revents in ready:
            callback = self._callbacks.get(fd)
            if callback is not None:
                callback(revents)
        return bool(ready)
