"""The time that one request has, from the first name look-up to the last byte of the answer."""

from __future__ import annotations

import time


class Deadline:
    """A point in time. Every step that may wait asks it how long it still may."""

    __slots__ = ("_ends", "timeout_s")

    def __init__(self, timeout_s: float) -> None:
        """From now on; nothing waits for a negative time or one that is not a number."""
        self.timeout_s = timeout_s if timeout_s > 0 else 0.0
        self._ends = time.monotonic() + self.timeout_s

    def remaining_s(self) -> float:
        """What is left, more than nothing; TimeoutError when nothing is."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.timeout_s:g} s")
        return left
