"""Output that came before its operation's start: records and output travel on different ways."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from chaos_otel.records import Output

OPERATIONS_MAX: Final = 1_000
SIZE_BYTES_MAX: Final = 16 << 20


class EarlyOutput:
    """Holds pieces until their operation begins; beyond its bounds gives the oldest back."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, list[Output]] = OrderedDict()
        self._size_bytes = 0

    def add(self, output: Output) -> Iterator[Output]:
        """Hold a piece; yields those for which there is no room any more."""
        self._waiting.setdefault(output.op, []).append(output)
        self._size_bytes += _size(output)
        while len(self._waiting) > OPERATIONS_MAX or self._size_bytes > SIZE_BYTES_MAX:
            yield from self.take(next(iter(self._waiting)))

    def take(self, op: str) -> list[Output]:
        """What has come for an operation, in order."""
        if op not in self._waiting:
            return []
        outputs = self._waiting.pop(op)
        self._size_bytes -= sum(map(_size, outputs))
        return outputs

    def take_all(self) -> Iterator[Output]:
        """What nobody asked for."""
        while self._waiting:
            yield from self.take(next(iter(self._waiting)))


def _size(output: Output) -> int:
    return len(output.text) + len(output.raw)
