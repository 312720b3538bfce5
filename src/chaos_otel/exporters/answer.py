"""What a destination said to a request, as the four things that can be done about it.

Every sender, whatever it speaks, answers in these words and raises nothing.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.network_fault import NetworkFault


class Delivered(NamedTuple):
    """A 2xx with an answer that was read and understood. `rejected` records were refused by
    `partial_success`, `message` says why (it may warn with none rejected)."""

    rejected: int = 0
    message: str = ""


class Later(NamedTuple):
    """Not now: overloaded, unreachable, too slow. `after_s` where the other side said how long."""

    reason: str
    after_s: float | None = None


class Refused(NamedTuple):
    """Something in this request is wrong (400, 413): smaller ones tell what."""

    reason: str


class Paused(NamedTuple):
    """The destination itself is wrong (401, 403, 404, TLS, another protocol): no request can help
    until a setting changes. `reason` names the cause and the remedy."""

    reason: str


Answer: TypeAlias = Delivered | Later | Refused | Paused


def unanswered(fault: NetworkFault) -> Later | Paused:
    """What can be done where no answer came at all."""
    return Paused(fault.reason) if fault.is_lasting else Later(fault.reason)


class Sender(Protocol):
    """Sends whole requests to one destination, one at a time. Owns its connections."""

    def send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str = "") -> Answer:
        """Send one request and wait for the answer, never longer than `timeout_s` in all: name
        look-up, connecting, TLS, and a peer that drips a byte a second included.

        `body` is the serialised OTLP request (protobuf, whatever the protocol on the wire), or the
        JSON of event documents. `key` is the request's idempotency key.
        """
        ...

    def close(self) -> None:
        """Close its connections."""
        ...
