"""What one operation printed on one stream, put together from pieces of bounded length."""

from __future__ import annotations

from typing import Final

from chaos_otel.records import Output

CUT_MARK: Final = "\n[… {} bytes left out …]\n"


class Transcript:
    """Joins pieces in their order, with a visible mark where something was left out.

    Bytes that are no UTF-8 show as `\\xNN`. Pieces beyond `limit_bytes` are left out and counted.
    """

    __slots__ = ("_left_bytes", "_left_out_bytes", "_pieces")

    def __init__(self, limit_bytes: int) -> None:
        self._left_bytes = limit_bytes
        self._left_out_bytes = 0
        self._pieces: list[str | bytes] = []

    def add(self, output: Output) -> None:
        """Append a piece."""
        piece = output.text or output.raw
        if self._left_bytes <= 0:
            self._left_out_bytes += output.cut_bytes + len(piece)
            return
        if output.cut_bytes:
            self._pieces.append(CUT_MARK.format(output.cut_bytes))
        self._pieces.append(piece)
        self._left_bytes -= len(piece)

    def text(self) -> str:
        """All of it; empty where nothing was printed."""
        pieces = self._pieces
        if self._left_out_bytes:
            pieces = [*pieces, CUT_MARK.format(self._left_out_bytes)]
        try:
            return "".join(pieces)  # type: ignore[arg-type]
        except TypeError:  # a character may be split between two pieces of bytes: join, then decode
            joined = b"".join([p.encode() if isinstance(p, str) else p for p in pieces])
            return joined.decode("utf-8", "backslashreplace")
