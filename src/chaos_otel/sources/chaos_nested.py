"""Inner operations, which end before the one around them does, held until that one is told.

Knows hosts and hashes; nothing of records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from chaos_otel.clock import Moment
from chaos_otel.sources.chaos_told import Told

HELD_MAX: Final = 1_000


class Inner(NamedTuple):
    """An operation that waits for the one around it, what it was printed in, and its end."""

    told: Told
    op: str
    end: Moment


class NestedOperations:
    """By the host and hash of the operation around them; at most 1,000 wait."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[Inner]] = {}
        self._count = 0

    def hold(self, told: Told, op: str, end: Moment) -> bool:
        """Hold it; False if there is no room."""
        if self._count >= HELD_MAX:
            return False
        self._count += 1
        self._waiting.setdefault((told.host, told.parent_hash), []).append(Inner(told, op, end))
        return True

    def take(self, outer: Told) -> list[Inner]:
        """Those directly inside an operation that has ended."""
        if not outer.hash:
            return []
        inner = self._waiting.pop((outer.host, outer.hash), [])
        self._count -= len(inner)
        return inner

    def take_all(self) -> Iterator[Inner]:
        """Those whose outer one never came."""
        for inner in self._waiting.values():
            yield from inner
        self._waiting.clear()
        self._count = 0
