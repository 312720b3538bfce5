"""The time that one request has, from the first name look-up to the last byte of the answer."""

from __future__ import annotations

import time

# sockets and threads cannot be told to wait for ever by a number
_LONGEST_S = 24 * 3600.0


class Deadline:
    """A point in time. Every step that may wait asks it how long it still may."""

    __slots__ = ("_ends", "timeout_s")

    def __init__(self, timeout_s: float) -> None:
        """From now on: at once for a negative time or none that is a number, a day at most."""
        self.timeout_s = min(timeout_s, _LONGEST_S) if timeout_s > 0 else 0.0
        self._ends = time.monotonic() + self.timeout_s

    def at_most(self, seconds: float) -> Deadline:
        """The same, or earlier; TimeoutError when nothing is left."""
        return Deadline(min(self.remaining_s(), seconds))

    def remaining_s(self) -> float:
        """What is left, more than nothing; TimeoutError when nothing is."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.timeout_s:.3g} s")
        return left
