"""Brings records to one destination in requests, and does what each answer asks for.

What is acknowledged is told in order, record by record, so that whoever keeps the cursor never runs
ahead of what has arrived. Knows no journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, Refused, Sender
from chaos_otel.pipeline.forward_gate import Gate
from chaos_otel.pipeline.forward_ledger import Ledger
from chaos_otel.pipeline.forward_orders import Orders, OutOfTimeError
from chaos_otel.store.destinations import RateLimit

# a request that was under way for less says nothing about its destination
UNANSWERED_S: Final = 0.5
_OUTCOMES: Final = {Later: "later", Refused: "refused", Paused: "paused"}


class Packed(Protocol):
    """One request's worth: its records, its body, how many of them are not in it."""

    @property
    def items(self) -> Sequence[Any]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def lost(self) -> int: ...


Pack = Callable[[Signal, Sequence[Any]], Iterable[Packed]]


class Receipt(Protocol):
    """Who is told what became of records, in their order."""

    def done(self, count: int) -> None:
        """The next so many are over and done with."""

    def bad(self, index: int, body: bytes, reason: str) -> None:
        """The record so many after the first was refused for what it is; `done` follows."""


class _Suspect(NamedTuple):
    place: int
    body: bytes
    reason: str


class Courier:
    """Sends for one thread to one destination. Owns the sender.

    `sending_since_s` is when the request that is under way began, 0 if none is; `accepted` counts
    records, `rejected` those that a partial success left out.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        pack: Pack,
        gate: Gate,
        ledger: Ledger,
        orders: Orders,
        timeout_s: float,
        limit: RateLimit,
    ) -> None:
        self._sender = sender
        self._pack = pack
        self._gate = gate
        self._ledger = ledger
        self._orders = orders
        self._timeout_s = timeout_s
        self._limit = limit
        self.sending_since_s = 0.0
        self.accepted = 0
        self.rejected = 0
        self.rejection = ""

    def close(self) -> None:
        """Close its connections."""
        self._sender.close()

    def deliver(self, signal: Signal, items: Sequence[Any], receipt: Receipt) -> Answer:
        """Send all of it. Delivered when nothing is left to do; any other answer is the one that
        stopped us, what was done before it having been told. Raises OutOfTimeError.

        A request that is refused is halved until the records at fault are found. They are the
        destination's matter, not the records', if none at all gets through.
        """
        waiting = deque(self._pack(signal, items))
        suspects: list[_Suspect] = []
        index, through = 0, self._knows(items)
        while waiting:
            batch = waiting.popleft()
            if not batch.body:
                answer: Answer = Refused("it is larger than a request may be, or cannot be encoded")
            else:
                answer = self.send(signal, batch.body)
            if isinstance(answer, Delivered):
                through = True
                self._took(signal, batch, answer)
                self._tell_bad(suspects, receipt)
                receipt.done(len(batch.items))
            elif not isinstance(answer, Refused):
                return answer
            elif len(batch.items) > 1:
                waiting.extendleft(reversed(self._halves(signal, batch.items)))
                continue
            else:
                suspects.append(_Suspect(index, batch.body, answer.reason))
                if through or not any(suspect.body for suspect in suspects):
                    self._tell_bad(suspects, receipt)
            index += len(batch.items)
        return self._judge(suspects)

    def send(self, signal: Signal, body: bytes) -> Answer:
        """Send one request when the rate limit lets it go, and note what came of it.

        Raises OutOfTimeError, with nothing noted, where our time was over too soon for an answer.
        """
        while wait_s := self._ledger.take(len(body), self._limit):
            self._orders.sleep(wait_s)
        timeout_s = min(self._timeout_s, self._orders.left_s)
        if timeout_s <= 0:
            raise OutOfTimeError
        self._gate.trying()
        begun_s = self.sending_since_s = monotonic()
        try:
            answer = self._sender.send(
                signal, body, timeout_s=timeout_s, key=blake2b(body, digest_size=16).hexdigest()
            )
        finally:
            self.sending_since_s = 0.0
        if isinstance(answer, Later) and self._cut_short(timeout_s, since_s=begun_s):
            raise OutOfTimeError
        self._note(signal, answer)
        return answer

    def _cut_short(self, timeout_s: float, *, since_s: float) -> bool:
        """Whether it was our time that was over, and not its own."""
        ours = timeout_s < min(self._timeout_s, UNANSWERED_S)
        return ours and monotonic() - since_s >= timeout_s

    def _note(self, signal: Signal, answer: Answer) -> None:
        if isinstance(answer, Delivered):
            self._ledger.count_request(signal, "partial" if answer.rejected else "delivered")
            self._gate.accepted()
        else:
            self._ledger.count_request(signal, _OUTCOMES[type(answer)])
        if isinstance(answer, Later):
            self._gate.later(answer)
        elif isinstance(answer, Paused):
            self._gate.pause(answer)
        self._ledger.write_tally(if_due=True)

    def _took(self, signal: Signal, batch: Packed, answer: Delivered) -> None:
        rejected = min(answer.rejected, len(batch.items))
        taken = len(batch.items) - batch.lost - rejected
        self.accepted += taken
        self.rejected += rejected
        self.rejection = answer.message or self.rejection
        self._ledger.count_delivered(signal, taken)
        self._ledger.count_dropped("rejected", rejected)
        self._ledger.count_dropped("unencodable", batch.lost)

    def _knows(self, items: Sequence[Any]) -> bool:
        """One record alone cannot show whose fault it is: then it counts what was taken before."""
        return len(items) == 1 and self._gate.state.last_success_wall_ns > 0

    def _halves(self, signal: Signal, items: Sequence[Any]) -> list[Packed]:
        middle = len(items) // 2
        return [*self._pack(signal, items[:middle]), *self._pack(signal, items[middle:])]

    def _tell_bad(self, suspects: list[_Suspect], receipt: Receipt) -> None:
        for suspect in suspects:
            receipt.bad(*suspect)
            receipt.done(1)
        suspects.clear()

    def _judge(self, suspects: list[_Suspect]) -> Answer:
        if not suspects:
            return Delivered()
        answer = Paused(f"it refuses every record ({suspects[0].reason})")
        self._gate.pause(answer)
        return answer
