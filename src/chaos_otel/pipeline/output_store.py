"""What is kept of the command's output, raw, by operation and stream, and the marks seen on it.

Stands on the way of the command's bytes: it only stores, and is there before anything heavy is
loaded. Knows nothing of redaction or journals. Raw bytes stay in memory, here.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Literal, NamedTuple, TypeAlias

from chaos_otel.sources.chaos_lines import ChaosLines, MachineLine

Stream: TypeAlias = Literal[1, 2]
Key: TypeAlias = tuple[str, Stream]

HELD_BYTES = 32 << 20
MARGIN_BYTES = 16 << 10  # kept in front of a tail, so that a secret across its edge is seen whole
_STREAMS: tuple[Stream, Stream] = (1, 2)


class Rest(NamedTuple):
    """The end of an output: `head` joins what was taken before; `tail` follows it at once if
    `cut_bytes` is 0, else it holds up to a margin more than the last `tail_bytes` to be kept."""

    head: bytes
    tail: bytes
    tail_bytes: int
    cut_bytes: int


class KeptOutput:
    """One output: the first half of the limit as it comes, of the rest always the last half."""

    __slots__ = ("_head", "_head_left", "_seen_after_head", "_tail", "_tail_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._head_left = limit_bytes - limit_bytes // 2
        self._tail_bytes = limit_bytes // 2
        self._head = bytearray()
        self._tail: bytes | bytearray = bytearray()
        self._seen_after_head = 0

    def add(self, data: bytes) -> int:
        """Store; returns by how many bytes more memory is held."""
        before = len(self._head) + len(self._tail)
        if self._head_left:
            self._head += data[: self._head_left]
            taken = min(len(data), self._head_left)
            self._head_left -= taken
            data = data[taken:]
        if data:
            self._seen_after_head += len(data)
            window = self._tail_bytes + MARGIN_BYTES
            self._extend_tail(data, window)
        return len(self._head) + len(self._tail) - before

    def _extend_tail(self, data: bytes, window: int) -> None:
        if len(data) >= window:
            self._tail = data  # as it is: output comes faster than it can be copied again
            return
        if isinstance(self._tail, bytes):
            self._tail = bytearray(self._tail[-window:])
        self._tail += data
        if len(self._tail) > 2 * window:
            del self._tail[:-window]

    def take_head(self) -> bytes:
        """What has come of the head since the last call."""
        head = bytes(self._head)
        self._head.clear()
        return head

    def rest(self) -> Rest:
        """Everything that is left; the store is done with this output."""
        cut = self._seen_after_head - self._tail_bytes
        if cut <= 0:
            return Rest(self.take_head(), bytes(self._tail), self._tail_bytes, 0)
        window = self._tail_bytes + MARGIN_BYTES
        return Rest(self.take_head(), bytes(self._tail[-window:]), self._tail_bytes, cut)


class OutputStore:
    """All outputs of a run. At most 32 MiB are held; what is over that is counted and let go.

    `root` is the span id that a mark may name for "outside of any operation". Lines that Ch-aOS
    prints for machines are kept apart (`take_lines`): they become records, not output.
    """

    def __init__(self, limit_bytes: int, *, root: str = "") -> None:
        self._limit_bytes = limit_bytes
        self._root = root
        self._kept: dict[Key, KeptOutput] = {}
        self._fresh: set[Key] = set()
        self._held_bytes = 0
        self._current: dict[int, str] = {}
        self._left: dict[str, set[int]] = {}
        self._closed: set[int] = set()
        self._lines = ChaosLines()
        self._last_op = ""  # of stdout
        self.lost_bytes = 0

    def add(self, stream: int, op: str, data: bytes) -> None:
        """Keep what is to be kept of a piece of output."""
        if stream == 1:
            if op != self._last_op:
                self._keep(1, self._last_op, self._lines.release())
                self._last_op = op
            data = self._lines.divide(op, data)
        self._keep(stream, op, data)

    def add_printed(self, stream: Stream, op: str, data: bytes) -> None:
        """Keep what an operation printed according to its source; it came another way."""
        self._keep(stream, op, data)

    def take_lines(self) -> list[MachineLine]:
        """The lines for machines that have come on stdout since the last call."""
        return self._lines.take()

    def end_lines(self) -> None:
        """No more will come on stdout: a last line without an end is one, too."""
        self._keep(1, self._last_op, self._lines.finish(self._last_op))

    @property
    def lost_lines(self) -> tuple[int, int]:
        """How many lines for machines were too much to hold, and their bytes."""
        return self._lines.lost_lines, self._lines.lost_bytes

    def _keep(self, stream: int, op: str, data: bytes) -> None:
        if not data:
            return
        if self._held_bytes > HELD_BYTES:
            self.lost_bytes += len(data)
            return
        key = ("" if op == self._root else op, _STREAMS[stream == 2])
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = KeptOutput(self._limit_bytes)
        self._held_bytes += kept.add(data)
        self._fresh.add(key)

    def mark(self, stream: int, op: str) -> None:
        """The stream left the operation it was in and entered `op` ("": none)."""
        if stream == 1:
            self._keep(1, self._last_op, self._lines.release())
        before = self._current.get(stream, "")
        if before:
            self._left.setdefault(before, set()).add(stream)
        self._current[stream] = op

    def close(self, stream: int) -> None:
        """No more will come on this stream, no mark either."""
        if stream == 1:
            self.end_lines()
        self._closed.add(stream)

    def left(self, op: str, streams: Iterable[int]) -> bool:
        """Whether the marks that end `op` have been seen on all of `streams`."""
        seen = self._left.get(op, ())
        return all(stream in seen or stream in self._closed for stream in streams)

    def take_heads(self, open_ops: Container[str]) -> list[tuple[Key, bytes]]:
        """What has come of the heads of these operations since the last call."""
        fresh = sorted(key for key in self._fresh if key[0] in open_ops)
        self._fresh.difference_update(fresh)
        heads = [(key, self._kept[key].take_head()) for key in fresh if key in self._kept]
        self._held_bytes -= sum(len(head) for _, head in heads)
        return [(key, head) for key, head in heads if head]

    def end(self, op: str) -> list[tuple[Key, Rest]]:
        """All that is still held of an operation that has ended."""
        self._left.pop(op, None)
        return [(key, rest) for s in _STREAMS for key, rest in self._take((op, s))]

    def end_all(self) -> list[tuple[Key, Rest]]:
        """All that is still held."""
        self.end_lines()
        return [taken for key in sorted(self._kept) for taken in self._take(key)]

    def _take(self, key: Key) -> list[tuple[Key, Rest]]:
        kept = self._kept.pop(key, None)
        if kept is None:
            return []
        self._fresh.discard(key)
        rest = kept.rest()
        self._held_bytes = max(0, self._held_bytes - len(rest.head) - len(rest.tail))
        return [(key, rest)]
