"""What one thread needs to forward to one destination; the heavy part is made when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from chaos_otel.config.destination import Destination, Signal
from chaos_otel.pipeline.forward_gate import Gate
from chaos_otel.pipeline.forward_ledger import Ledger
from chaos_otel.pipeline.forward_orders import Orders
from chaos_otel.pipeline.own_log import note
from chaos_otel.pipeline.pace import Pace
from chaos_otel.store.destinations import RateLimit
from chaos_otel.store.outbox import Cursor

if TYPE_CHECKING:
    from chaos_otel.exporters.answer import Sender
    from chaos_otel.pipeline.forward_courier import Courier, Packed


class Stream(Protocol):
    """A run as what is sent of it (`forward_stream`, `forward_document`)."""

    finished: bool

    @property
    def waiting(self) -> int: ...
    @property
    def ended(self) -> bool: ...
    @property
    def script(self) -> str: ...
    def read(self) -> bool: ...
    def finish(self) -> None: ...
    def batch(self, size: int, *, older_than_s: float) -> tuple[Signal, list[Any], int] | None: ...
    def drop(self, signal: Signal, count: int) -> None: ...
    def close(self) -> None: ...


class Dispatch:
    """Owns a ledger and, once something is sent, a sender. For one thread."""

    def __init__(
        self,
        destination: Destination,
        *,
        state: str,
        pace: Pace,
        orders: Orders,
        fingerprint: str,
        sender: Sender | None = None,
    ) -> None:
        self.destination = destination
        self.state = state
        self.pace = pace
        self.orders = orders
        self.ledger = Ledger(state, destination.key)
        self.gate = Gate(
            self.ledger,
            fingerprint=fingerprint,
            patience=pace.retry_attempts,
            note=lambda text: note(state, "forward", f"{destination.key}: {text}"),
        )
        self.loading = False
        self._sender = sender
        self._courier: Courier | None = None

    def close(self) -> None:
        """Close its connections and the store."""
        if self._courier is not None:
            self._courier.close()
        self.ledger.close()

    @property
    def attempts(self) -> int:
        """How often in a row this process tries."""
        return max(1, self.pace.retry_attempts)

    @property
    def sent_anything(self) -> bool:
        """Whether there is a courier to ask what came of it."""
        return self._courier is not None

    @property
    def courier(self) -> Courier:
        """Who carries the requests."""
        if self._courier is None:
            self.loading = True
            self._courier = self._make_courier()
            self.loading = False
        return self._courier

    def stream(self, folder: str, cursor: Cursor) -> Stream:
        """A run's journal as what this destination gets of it. OSError without a journal."""
        self.loading = True
        try:
            if self.destination.kind == "endpoint":
                from chaos_otel.pipeline.forward_document import DocumentStream

                return DocumentStream(folder, cursor)
            from chaos_otel.pipeline.forward_stream import RunStream

            return RunStream(folder, cursor, signals=self.destination.urls)
        finally:
            self.loading = False

    def _make_courier(self) -> Courier:
        from chaos_otel.exporters.senders import open_sender
        from chaos_otel.pipeline.forward_courier import Courier

        return Courier(
            self._sender or open_sender(self.destination),
            pack=self._pack,
            gate=self.gate,
            ledger=self.ledger,
            orders=self.orders,
            timeout_s=self.destination.timeout_s,
            limit=RateLimit(self.pace.rate_limit_requests, self.pace.rate_limit_bytes),
        )

    def _pack(self, signal: Signal, items: Sequence[Any]) -> Iterable[Packed]:
        if signal == "events":
            from chaos_otel.pipeline.forward_document import pack_documents

            return pack_documents(items)
        from chaos_otel.exporters.otlp_encode import batches

        assert signal == "traces" or signal == "logs"
        return batches(signal, items, max_records=self.pace.batch_size)
