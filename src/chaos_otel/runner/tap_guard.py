"""The guarded edge between the runner and whatever listens: what raises is left out from then
on.
"""

from __future__ import annotations

from collections.abc import Callable

from chaos_otel.runner.contract import Tap


class GuardedTap:
    """A tap that never raises. `fault` says why there is no longer one behind it."""

    def __init__(self, tap: Tap | None) -> None:
        self.fault = ""
        self._tap = tap

    def output(self, stream: int, op: str, data: bytes) -> None:
        """See `contract.Tap`."""
        if self._tap is not None:
            tap = self._tap
            self._guard(lambda: tap.output(stream, op, data))

    def marked(self, stream: int, op: str) -> None:
        """See `contract.Tap`."""
        if self._tap is not None:
            tap = self._tap
            self._guard(lambda: tap.marked(stream, op))

    def closed(self, stream: int) -> None:
        """See `contract.Tap`."""
        if self._tap is not None:
            tap = self._tap
            self._guard(lambda: tap.closed(stream))

    def work(self) -> float | None:
        """See `contract.Tap`; None where there is no more work."""
        return None if self._tap is None else self._guard(self._tap.work)

    def _guard(self, call: Callable[[], float | None]) -> float | None:
        try:
            return call()
        except Exception as error:  # whatever it is, the command goes on
            self.fault = f"{type(error).__name__}: {error}"
            self._tap = None
            return None
