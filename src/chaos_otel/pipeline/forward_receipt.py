"""Keeps the books of one run at one destination while its records are sent."""

from __future__ import annotations

from typing import Any

from chaos_otel.config.destination import Signal
from chaos_otel.pipeline.forward_ledger import Ledger
from chaos_otel.store.outbox import Cursor


class RunReceipt:
    """Moves the run's cursor with what is acknowledged. `buried` counts dead letters."""

    def __init__(self, ledger: Ledger, cursor: Cursor) -> None:
        self._ledger = ledger
        self.cursor = cursor
        self.buried = 0

    def of(self, signal: Signal, stream: Any, first: int) -> SignalReceipt:
        """The receipt of one batch, whose first record has this ordinal in the run."""
        return SignalReceipt(self, self._ledger, signal, stream, first)

    def reached(self, signal: Signal, ordinal: int) -> None:
        """Everything before this ordinal is done with."""
        reached = {_FIELDS[signal]: ordinal}
        self.cursor = self._ledger.advance(self.cursor, **reached)

    def finish(self) -> None:
        """All of the run is done with."""
        self._ledger.finish(self.cursor)


class SignalReceipt:
    """`forward_courier.Receipt` for a batch of a run's signal."""

    def __init__(
        self, run: RunReceipt, ledger: Ledger, signal: Signal, stream: Any, first: int
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._signal = signal
        self._stream = stream
        self._next = first

    def done(self, count: int) -> None:
        """The cursor goes on by so many."""
        self._next += count
        self._stream.drop(self._signal, count)
        self._run.reached(self._signal, self._next)

    def bad(self, index: int, body: bytes, reason: str) -> None:
        """It becomes a dead letter before the cursor passes it; what has no body cannot be kept."""
        if body:
            self._run.buried += 1
            self._ledger.bury(
                self._run.cursor.run_id, signal=self._signal, record=body, reason=reason
            )
        else:
            self._ledger.count_dropped("unencodable", 1)


_FIELDS: dict[Signal, str] = {"traces": "spans", "logs": "logs", "events": "documents"}
