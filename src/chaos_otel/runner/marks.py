"""Find the marks that a source writes into its output; `docs/journal-format.md` says what they
are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_ESC = b"\x1b"
_BEGIN = b"\x1b_chaos:"
_END = b"\x1b\\"
_ID_BYTES = 16
_HEX = frozenset(b"0123456789abcdef")
_OUTSIDE = "0" * _ID_BYTES


class Piece(NamedTuple):
    """A stretch of a stream: bytes to pass on, or (`op` is not None) a mark to take out."""

    data: bytes
    op: str | None = None


class Marks:
    """The marks of one run."""

    def __init__(self, nonce: bytes) -> None:
        self._prefix = _BEGIN + nonce + b":"
        self.size = len(self._prefix) + _ID_BYTES + len(_END)

    def split(self, data: bytes) -> Iterator[Piece]:
        """The pieces of `data` in order; together they are `data`. "" as `op` is "outside of
        any".
        """
        if _ESC not in data:  # one byte is found many times faster than several
            if data:
                yield Piece(data)
            return
        passed = searched = 0
        while (start := data.find(self._prefix, searched)) >= 0:
            end = start + self.size
            op = self._op(data[start:end])
            if op is None:
                searched = start + 1
                continue
            if start > passed:
                yield Piece(data[passed:start])
            yield Piece(data[start:end], op)
            passed = searched = end
        if passed < len(data):
            yield Piece(data[passed:] if passed else data)

    def partial(self, data: bytes) -> int:
        """How many bytes at the end of `data` can be the beginning of a mark."""
        start = data.find(_ESC, max(0, len(data) - self.size + 1))
        while start >= 0:
            if self._may_begin(data[start:]):
                return len(data) - start
            start = data.find(_ESC, start + 1)
        return 0

    def _op(self, mark: bytes) -> str | None:
        digits = mark[len(self._prefix) : -len(_END)]
        if len(mark) != self.size or not mark.endswith(_END) or not _HEX.issuperset(digits):
            return None
        op = digits.decode("ascii")
        return "" if op == _OUTSIDE else op

    def _may_begin(self, tail: bytes) -> bool:
        if len(tail) <= len(self._prefix):
            return self._prefix.startswith(tail)
        digits = tail[len(self._prefix) : len(self._prefix) + _ID_BYTES]
        rest = tail[len(self._prefix) + _ID_BYTES :]
        return tail.startswith(self._prefix) and _HEX.issuperset(digits) and _END.startswith(rest)
